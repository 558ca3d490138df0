use axum::http::{Method, StatusCode};
use tracing::{Level, Span, enabled, field::Empty, info_span};

use super::measure::known;

/// A request, for a trace: by the route's template, never by the address itself. Nothing where nobody traces.
pub(super) fn span(method: &Method, route: Option<&str>) -> Span {
    if !enabled!(target: "stage_trace", Level::INFO) {
        return Span::none();
    }
    let (method, route) = (known(method), route.unwrap_or("none"));
    info_span!(
        target: "stage_trace",
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    )
}

pub(super) fn end(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}
