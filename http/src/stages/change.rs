use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Changed, TeamWriteRefusals},
        text,
    },
    extract::{Ask, Ids, Json, Session},
    problem::Problem,
};

/// What becomes different about a stage. What is absent or null stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeStage {
    #[schema(schema_with = text::name_or_null, required = false)]
    #[serde(default)]
    name: Option<String>,
    #[schema(schema_with = text::handle_or_null, required = false)]
    #[serde(default)]
    handle: Option<String>,
}

/// Rename a stage or move it to another handle
#[utoipa::path(
    patch, path = "/api/v1/stages/{id}", operation_id = "change_stage", tag = "stages",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WriteHeaders),
    request_body = ChangeStage, responses(Changed, TeamWriteRefusals),
)]
pub(crate) async fn change(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    ask: Ask<Json<ChangeStage>>,
) -> Result<Response, Problem> {
    let Ids([id]) = ids;
    let Json(ChangeStage { name, handle }) = ask.payload;
    let commands = &app.commands;
    let done = commands
        .change_stage(session.actor, id.into(), name.as_deref(), handle.as_deref(), ask.request)
        .await?;
    Ok(Receipt::changed(done))
}
