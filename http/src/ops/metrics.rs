use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use metrics_exporter_prometheus::PrometheusHandle;

use crate::{app::Shared, contract::responses::NoRefusals};

/// Numbers for Prometheus
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "operations",
    responses(
        (status = 200, description = "In Prometheus' text format", body = String, content_type = "text/plain"),
        NoRefusals,
    ),
)]
pub(crate) async fn metrics(State(app): State<Shared>) -> Response {
    rendered(&app.metrics)
}

pub(super) fn rendered(metrics: &PrometheusHandle) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], metrics.render()).into_response()
}
