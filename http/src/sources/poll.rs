use axum::{extract::State, response::Response};

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Accepted, TeamActRefusals},
    },
    extract::{Ask, Ids, Nothing, Session},
    problem::Problem,
};

/// Import a source now
///
/// The poll is due at once and made by a worker; the stage's sources show how it went.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/sources/{source_id}/poll", operation_id = "poll_source", tag = "sources",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("source_id" = Uuid, Path, description = "The source"),
        WriteHeaders,
    ),
    responses(Accepted, TeamActRefusals),
)]
pub(crate) async fn poll(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    let Ids([stage, source]) = ids;
    let done = app.commands.poll_now(session.actor, stage.into(), source.into(), ask.request).await?;
    Ok(Receipt::accepted(done))
}
