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

/// Close a stage
///
/// It and its posts are not shown any more, and its handle is free again.
#[utoipa::path(
    delete, path = "/api/v1/stages/{id}", operation_id = "close_stage", tag = "stages",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WriteHeaders),
    responses(Changed, TeamActRefusals),
)]
pub(crate) async fn close(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    let Ids([id]) = ids;
    Ok(Receipt::changed(app.commands.close_stage(session.actor, id.into(), ask.request).await?))
}
