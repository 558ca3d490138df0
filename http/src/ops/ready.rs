use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Probe, app::Shared};

/// A component that does not answer in this time is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether requests can be served.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    components: Vec<ComponentState>,
}

/// Something that the program stands on.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComponentState {
    #[schema(example = "database")]
    name: String,
    ready: bool,
}

/// Can it serve requests?
///
/// What is wrong with a component is in the log. A program that is about to end is not ready, though it still answers for
/// a while, so that whoever hands out requests can turn elsewhere first.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "ready", tag = "operations",
    responses(
        (status = 200, description = "Everything is there", body = Readiness),
        (status = 503, description = "Something is missing", body = Readiness),
        (status = 500, description = "Something went wrong", body = crate::problem::ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ready(State(app): State<Shared>) -> (StatusCode, Json<Readiness>) {
    readiness(&*app.probe).await
}

pub(super) async fn readiness(probe: &dyn Probe) -> (StatusCode, Json<Readiness>) {
    let Ok(components) = tokio::time::timeout(PATIENCE, probe.ready()).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { ready: false, components: vec![] }));
    };
    let components: Vec<_> = components
        .into_iter()
        .map(|(name, state)| {
            if let Err(reason) = &state {
                tracing::warn!(component = name, reason, "not ready");
            }
            ComponentState { name: name.to_owned(), ready: state.is_ok() }
        })
        .collect();
    let ready = components.iter().all(|component| component.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, components }))
}
