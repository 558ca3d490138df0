//! The public part may be read from any page (Fetch, "CORS protocol"). There are no credentials to protect. What
//! auditors read needs a token, so no page of another site is let at it, though its address begins alike.
//!
//! Done here and not in a layer on the routes, so that refusals for unknown routes can be read too.

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const ANY: HeaderValue = HeaderValue::from_static("*");
const EXPOSED: HeaderValue = HeaderValue::from_static("content-language, etag, link, retry-after");
/// A day; browsers keep less.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

pub(super) fn is_public(path: &str) -> bool {
    path.starts_with("/v1/") && !is_audit(path)
}

/// What readers see, without a cookie.
pub(super) fn is_for_readers(path: &str) -> bool {
    is_public(path) || path.starts_with("/s/") || path == "/sitemap.xml" || path == "/robots.txt"
}

/// What auditors read: for them alone, and for no cache.
pub(super) fn is_audit(path: &str) -> bool {
    path.starts_with("/v1/audit/")
}

/// The answer to a browser that asks whether it may.
pub(super) fn preflight(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
    let asks = method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    (asks && is_public(path)).then(|| {
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, ANY),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ];
        (StatusCode::NO_CONTENT, allowed).into_response()
    })
}

pub(super) fn open(headers: &mut HeaderMap, path: &str) {
    if is_public(path) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
