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

/// Leave a stage, or remove a member
///
/// Everybody may leave; only owners remove somebody else. The last owner can't go. The version is the stage's.
#[utoipa::path(
    delete, path = "/api/v1/stages/{id}/members/{account_id}", operation_id = "remove_member", tag = "team",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("account_id" = Uuid, Path, description = "The member"),
        WriteHeaders,
    ),
    responses(Changed, TeamActRefusals),
)]
pub(crate) async fn remove(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    let Ids([stage, member]) = ids;
    let done = app.commands.remove_member(session.actor, stage.into(), member.into(), ask.request).await?;
    Ok(Receipt::changed(done))
}
