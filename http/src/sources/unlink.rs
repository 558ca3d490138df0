use axum::{extract::State, response::Response};

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Changed, TeamActRefusals},
    },
    extract::{Ask, Ids, Nothing, Session},
    problem::Problem,
};

/// Unlink a source
///
/// Its posts are not shown any more.
#[utoipa::path(
    delete, path = "/api/v1/stages/{id}/sources/{source_id}", operation_id = "unlink_source", tag = "sources",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("source_id" = Uuid, Path, description = "The source"),
        WriteHeaders,
    ),
    responses(Changed, TeamActRefusals),
)]
pub(crate) async fn unlink(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    let Ids([stage, source]) = ids;
    let done = app.commands.unlink_source(session.actor, stage.into(), source.into(), ask.request).await?;
    Ok(Receipt::changed(done))
}
