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

/// What becomes different about a source. What is absent or null stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeSource {
    /// Minutes between two polls.
    #[serde(default)]
    #[schema(schema_with = text::interval, required = false)]
    interval_minutes: Option<u32>,
    /// A paused source is not polled.
    #[serde(default)]
    paused: Option<bool>,
}

/// Change how often a source is polled, or pause it
#[utoipa::path(
    patch, path = "/api/v1/stages/{id}/sources/{source_id}", operation_id = "change_source", tag = "sources",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("source_id" = Uuid, Path, description = "The source"),
        WriteHeaders,
    ),
    request_body = ChangeSource, responses(Changed, TeamWriteRefusals),
)]
pub(crate) async fn change(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Json<ChangeSource>>,
) -> Result<Response, Problem> {
    let Ids([stage, source]) = ids;
    let Json(ChangeSource { interval_minutes, paused }) = ask.payload;
    let commands = &app.commands;
    let done = commands
        .change_source(session.actor, stage.into(), source.into(), interval_minutes, paused, ask.request)
        .await?;
    Ok(Receipt::changed(done))
}
