use axum::{
    Json,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use stage_commands::Done;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) const POSITION: HeaderName = HeaderName::from_static("stage-position");

/// What a command did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "0190163d-8694-739b-aea5-966c26f8ad90", "version": 3, "position": 1204}))]
pub(crate) struct Receipt {
    /// What was created or changed.
    id: Uuid,
    /// Of the stream that changed: the next `If-Match`.
    #[schema(minimum = 0)]
    version: u64,
    /// Wait for this position to read what was written.
    #[schema(minimum = 0)]
    position: i64,
}

impl Receipt {
    pub(crate) fn changed(done: Done) -> Response {
        Self::answer(StatusCode::OK, done)
    }

    pub(crate) fn accepted(done: Done) -> Response {
        Self::answer(StatusCode::ACCEPTED, done)
    }

    pub(crate) fn created(done: Done, location: String) -> Response {
        (StatusCode::CREATED, [(header::LOCATION, location)], Self::answer(StatusCode::CREATED, done))
            .into_response()
    }

    fn answer(status: StatusCode, done: Done) -> Response {
        let Done { id, version, position } = done;
        let headers = [(header::ETAG, format!("\"{version}\"")), (POSITION, position.to_string())];
        (status, headers, Json(Self { id, version, position })).into_response()
    }
}
