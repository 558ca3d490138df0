use axum::{
    extract::{self, FromRequest},
    http::{HeaderMap, HeaderName, header},
};
use sha2::{Digest, Sha256};
use stage_commands::{IdempotencyKey, Request};

use super::{Payload, body_bytes, query::number};
use crate::{app::Shared, clock, problem::Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A command as it was asked for: its body and its conditions. The clock is read and the id made here, at
/// the edge, and go inward with it.
pub(crate) struct Ask<P> {
    pub(crate) payload: P,
    pub(crate) request: Request,
}

impl<P: Payload> FromRequest<Shared> for Ask<P> {
    type Rejection = Problem;

    async fn from_request(request: extract::Request, state: &Shared) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let expected = expected(&parts.headers)?;
        let key = key(&parts.headers)?;
        let most = P::MOST.unwrap_or(state.settings.body_bytes);
        let body = body_bytes(&parts.headers, body, most).await?;
        let idempotency = key.map(|key| IdempotencyKey {
            key,
            fingerprint: fingerprint(parts.method.as_str(), parts.uri.path(), &body),
        });
        let payload = P::read(&parts.headers, body).await?;
        let request = Request { at: clock::now(), new_id: clock::new_id(), expected, idempotency };
        Ok(Self { payload, request })
    }
}

/// The one version in `If-Match`. `*` asks for no version in particular.
fn expected(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let wrong = || Problem::header("If-Match", "wrong_form", "must be one version in quotes, such as \"3\"");
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let value = value.to_str().map_err(|_| wrong())?.trim();
    if values.next().is_some() {
        return Err(wrong());
    }
    if value == "*" {
        return Ok(None);
    }
    if value.starts_with("W/") {
        return Err(Problem::header("If-Match", "weak", "must be a strong tag, without W/"));
    }
    let version = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).and_then(number::<i64>);
    version.and_then(|version| u64::try_from(version).ok()).map(Some).ok_or_else(wrong)
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let bytes = value.as_bytes();
    let fits = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(key) if fits => Ok(Some(key.to_owned())),
        _ => {
            let text = "must have 1 to 255 visible ASCII characters";
            Err(Problem::header("Idempotency-Key", "wrong_form", text))
        }
    }
}

/// What a key was sent with. Each part is told apart from the next by a byte that it cannot hold.
fn fingerprint(method: &str, path: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(method.as_bytes());
    hash.update([0]);
    hash.update(path.as_bytes());
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn if_match(value: &str) -> Result<Option<u64>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        expected(&headers)
    }

    #[test]
    fn if_match_is_one_strong_version() {
        assert_eq!(if_match("\"3\"").unwrap(), Some(3));
        assert_eq!(if_match("*").unwrap(), None);
        for wrong in ["3", "\"a\"", "\"-1\"", "\"03\"", "\"1\", \"2\"", "W/\"3\"", "\"99999999999999999999\""]
        {
            assert!(if_match(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn another_request_has_another_fingerprint() {
        let one = fingerprint("POST", "/a", b"bc");
        assert_ne!(one, fingerprint("POST", "/ab", b"c"));
        assert_ne!(one, fingerprint("PUT", "/a", b"bc"));
        assert_eq!(one, fingerprint("POST", "/a", b"bc"));
    }
}
