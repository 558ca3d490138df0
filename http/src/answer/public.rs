//! Public reads: a strong tag over the very bytes, 304 while they are the same, and the view that it counts as.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};
use stage_projections::views::Viewed;

use crate::{
    app::{Inner, Rendered},
    problem::{Kind, Problem},
};

/// Renders a representation.
pub(crate) fn rendered<T: Serialize>(
    representation: &T,
    link: Option<String>,
    viewed: Vec<Viewed>,
) -> Result<Rendered, Problem> {
    let body = serde_json::to_vec(representation).map_err(|_| Problem::new(Kind::Internal))?;
    Ok(Rendered { etag: etag(&body), body: body.into(), link, viewed })
}

pub(crate) fn etag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]))
}

/// How a public read was asked for.
pub(crate) struct Reader {
    head: bool,
    /// The tags in `If-None-Match`.
    known: Vec<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self { head: parts.method == Method::HEAD, known: tags(&parts.headers) })
    }
}

/// What cannot be read matches nothing, and the answer is a whole one.
fn tags(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    lines.flat_map(|line| line.split(',')).map(weak).collect()
}

impl Reader {
    /// Answers with what was rendered, and counts the view: who gets a 304 looked at it too, who asks with HEAD
    /// did not.
    pub(crate) fn answer(&self, app: &Inner, rendered: &Rendered) -> Response {
        if !self.head && !rendered.viewed.is_empty() && app.views.viewed(&rendered.viewed).is_err() {
            metrics::counter!("stage_views_not_kept_total").increment(rendered.viewed.len() as u64);
        }
        let mut response =
            self.bytes(rendered.body.clone(), "application/json", &rendered.etag, "public, no-cache");
        if let Some(link) = rendered.link.as_deref().and_then(|link| HeaderValue::from_str(link).ok()) {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }

    /// Answers with bytes, or with 304 when the reader has them.
    pub(crate) fn bytes(&self, body: Bytes, kind: &str, etag: &str, caching: &'static str) -> Response {
        let known = self.known.iter().any(|tag| tag == etag || tag == "*");
        let mut response = match known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => Response::new(Body::from(body)),
        };
        let headers = response.headers_mut();
        if !known && let Ok(kind) = HeaderValue::from_str(kind) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Ok(etag) = HeaderValue::from_str(etag) {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        response
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn status(known: &str) -> StatusCode {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, known.parse().unwrap());
        let reader = Reader { head: false, known: tags(&headers) };
        reader.bytes(Bytes::from_static(b"{}"), "application/json", &etag(b"{}"), "no-cache").status()
    }

    #[test]
    fn a_reader_who_has_the_bytes_gets_304() {
        let tag = etag(b"{}");
        for same in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            assert_eq!(status(&same), StatusCode::NOT_MODIFIED, "{same}");
        }
        assert_eq!(status("\"other\""), StatusCode::OK);
        assert_ne!(etag(b"{}"), etag(b"[]"));
    }
}
