//! Public reads: how they were asked for, and tags over the very bytes.

use axum::{
    body::Body,
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};
use stage_domain::Language;
use stage_projections::views::{Viewed, Viewer};

use crate::{
    edge::{self, Measured},
    extract::Looks,
    kept::{Caching, Coding, Draft, Of, knows},
    problem::{Kind, Problem},
};

/// Renders a representation in JSON.
pub(crate) fn json<T: Serialize>(representation: &T, of: Of, viewed: Vec<Viewed>) -> Result<Draft, Problem> {
    let body = serde_json::to_vec(representation).map_err(|_| Problem::new(Kind::Internal))?;
    // What counts a view is asked for each time.
    let caching = if viewed.is_empty() { Caching::Soon } else { Caching::Ask };
    let kind = "application/json";
    Ok(Draft { body, kind, caching, link: None, viewed, of, counts: true, language: None })
}

pub(crate) fn etag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]))
}

/// How a public read was asked for.
pub(crate) struct Reader {
    /// Path and query: what its page is kept under.
    pub(crate) key: String,
    pub(crate) path: String,
    pub(crate) head: bool,
    pub(crate) coding: Coding,
    /// The lines of `If-None-Match`.
    pub(crate) tags: Vec<HeaderValue>,
    /// For our own words.
    pub(crate) language: Language,
    pub(crate) viewer: Viewer,
    route: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let path = parts.uri.path().to_owned();
        Ok(Self {
            key: parts.uri.path_and_query().map_or_else(|| path.clone(), ToString::to_string),
            head: parts.method == Method::HEAD,
            coding: Coding::preferred(&parts.headers),
            tags: parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect(),
            viewer: Looks::told_by(&parts.headers),
            language: edge::of_request(&parts.headers, &path),
            route: parts.extensions.get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned(),
            path,
        })
    }
}

impl Reader {
    /// The same page in each language is a page of its own.
    pub(crate) fn in_language(mut self) -> Self {
        self.key = format!("{}#{}", self.key, self.language.code());
        self
    }

    pub(crate) fn measured(&self) -> Measured {
        Measured::of(&self.route)
    }

    /// Answers with bytes, or with 304 when the reader has them.
    pub(crate) fn bytes(&self, body: Bytes, kind: &str, etag: &str, caching: &'static str) -> Response {
        let etag = HeaderValue::from_str(etag).ok();
        let known = etag.as_ref().is_some_and(|etag| knows(self.tags.iter(), etag));
        let mut response = match known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => Response::new(Body::from(body)),
        };
        let headers = response.headers_mut();
        if !known && let Ok(kind) = HeaderValue::from_str(kind) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(etag) = etag {
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

    #[test]
    fn a_reader_who_has_the_bytes_gets_304() {
        let tag = etag(b"{}");
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        for same in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            assert!(knows([value(&same)].iter(), &value(&tag)), "{same}");
        }
        assert!(!knows([value("\"other\"")].iter(), &value(&tag)));
        assert!(!knows([].iter(), &value(&tag)));
        assert_ne!(etag(b"{}"), etag(b"[]"));
    }
}
