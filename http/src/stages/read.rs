use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use stage_commands::{Missing, UseCase};

use super::view::{Stage, stages};
use crate::{
    app::Shared,
    contract::{params::WaitParams, responses::TeamRefusals},
    extract::{Ids, Session, Waited},
    problem::Problem,
};

/// Read a stage with its topics, its sources and how they are
#[utoipa::path(
    get, path = "/api/v1/stages/{id}", operation_id = "read_stage", tag = "stages",
    security(("session" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WaitParams),
    responses(
        (status = 200, description = "The stage", body = Stage,
            headers(("ETag" = String, description = "The version in quotes, for `If-Match`"))),
        TeamRefusals,
    ),
)]
pub(crate) async fn read(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    _: Waited,
) -> Result<Response, Problem> {
    let Ids([id]) = ids;
    let role = app.commands.may(session.actor, id.into(), UseCase::ReadStage).await?;
    let view = app.reads.stage(id.into()).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let etag = format!("\"{}\"", view.version);
    let stage = stages(&app, vec![(view, role)]).await?.pop();
    Ok(([(header::ETAG, etag)], Json(stage)).into_response())
}
