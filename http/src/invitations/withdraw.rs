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

/// Withdraw an invitation
///
/// For owners. Its link counts no more, and the address is forgotten.
#[utoipa::path(
    delete, path = "/api/v1/stages/{id}/invitations/{invitation_id}", operation_id = "withdraw_invitation", tag = "team",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("invitation_id" = Uuid, Path, description = "The invitation"),
        WriteHeaders,
    ),
    responses(Changed, TeamActRefusals),
)]
pub(crate) async fn withdraw(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    let Ids([stage, invitation]) = ids;
    let done =
        app.commands.withdraw_invitation(session.actor, stage.into(), invitation.into(), ask.request).await?;
    Ok(Receipt::changed(done))
}
