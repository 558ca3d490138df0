use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::cors::{is_audit, is_public};

/// Nothing may be loaded, run or framed.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Our own HTML pages: scripts and styles of our own, no other host.
const OWN: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                   font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The headers that protect readers, on every answer. What a handler set itself stays.
pub(super) fn protect(headers: &mut HeaderMap, path: &str, https: bool) {
    let html =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CONTENT_SECURITY_POLICY, if html { OWN } else { NOTHING });
    set(RESOURCE_POLICY, if is_public(path) { "cross-origin" } else { "same-origin" });
    if path.starts_with("/api/") || is_audit(path) {
        set(header::CACHE_CONTROL, "no-store");
    }
    if https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
