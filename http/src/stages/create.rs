use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::NewHeaders,
        responses::{Created, WriteRefusals},
        text,
    },
    extract::{Ask, Json, Session},
    problem::Problem,
};

/// A new stage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateStage {
    #[schema(schema_with = text::name)]
    name: String,
    /// The stage's place in public addresses; unique, whatever the case.
    #[schema(schema_with = text::handle)]
    handle: String,
}

/// Create a stage
#[utoipa::path(
    post, path = "/api/v1/stages", operation_id = "create_stage", tag = "stages",
    security(("session" = [], "xsrf" = [])),
    params(NewHeaders), request_body = CreateStage, responses(Created, WriteRefusals),
)]
pub(crate) async fn create(
    State(app): State<Shared>,
    session: Session,
    ask: Ask<Json<CreateStage>>,
) -> Result<Response, Problem> {
    let Json(CreateStage { name, handle }) = ask.payload;
    let done = app.commands.create_stage(session.actor, &name, &handle, ask.request).await?;
    Ok(Receipt::created(done, format!("/api/v1/stages/{}", done.id)))
}
