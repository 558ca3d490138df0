use std::time::Duration;

use axum::http::{Method, StatusCode};

/// Counts an answer by the route's template, never by the address itself.
pub(super) fn measure(method: &Method, route: Option<String>, status: StatusCode, took: Duration) {
    let labels = [
        ("method", known(method).to_owned()),
        ("route", route.unwrap_or_else(|| "none".to_owned())),
        ("status", format!("{}xx", status.as_u16() / 100)),
    ];
    metrics::counter!("stage_http_requests_total", &labels).increment(1);
    metrics::histogram!("stage_http_request_seconds", &labels).record(took.as_secs_f64());
}

/// Clients can make up methods; they must not make up series.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}
