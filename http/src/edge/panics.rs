use std::any::Any;

use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use crate::problem::{Kind, Problem};

type Handler = fn(Box<dyn Any + Send + 'static>) -> Response;

/// Turns a panic into a 500. What it said stays unsaid: it could quote a value of a request.
pub(crate) fn catch() -> CatchPanicLayer<Handler> {
    CatchPanicLayer::custom(answer as Handler)
}

fn answer(_: Box<dyn Any + Send + 'static>) -> Response {
    metrics::counter!("stage_http_panics_total").increment(1);
    Problem::new(Kind::Internal).into_response()
}
