use std::sync::Arc;

use axum::{Router, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::compression::CompressionLayer;

use super::{live, metrics, ready};
use crate::Probe;

/// The routes for whoever operates a program that has no others: whether it lives, whether it is ready, numbers.
pub fn operators(probe: Arc<dyn Probe>, metrics: PrometheusHandle) -> Router {
    let ready = async move || ready::readiness(&*probe).await;
    let metrics = async move || metrics::rendered(&metrics);
    Router::new()
        .route("/health/live", get(live::live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics).layer(CompressionLayer::new()))
}
