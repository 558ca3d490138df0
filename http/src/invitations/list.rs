use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use stage_commands::members::OpenInvitation;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::Shared,
    clock,
    contract::responses::InvitationsRefusals,
    extract::{Ids, Session},
    members::role::RoleName,
    problem::Problem,
};

/// The open invitations to a stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationList {
    invitations: Vec<Invitation>,
}

/// An invitation that was not accepted yet.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct Invitation {
    id: Uuid,
    email: String,
    role: RoleName,
    /// The account of the owner who sent it; the nil UUID once that is erased.
    invited_by: Uuid,
    invited_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// List the open invitations
///
/// For owners.
#[utoipa::path(
    get, path = "/api/v1/stages/{id}/invitations", operation_id = "list_invitations", tag = "team",
    security(("session" = [])),
    params(("id" = Uuid, Path, description = "The stage")),
    responses((status = 200, description = "The oldest first", body = InvitationList), InvitationsRefusals),
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
) -> Result<Json<InvitationList>, Problem> {
    let Ids([stage]) = ids;
    let open = app.commands.invitations(session.actor, stage.into(), clock::now()).await?;
    let invitation = |open: OpenInvitation| Invitation {
        id: open.id.0,
        email: open.email,
        role: open.role.into(),
        invited_by: open.invited_by.0,
        invited_at: open.invited_at,
        expires_at: open.expires_at,
    };
    Ok(Json(InvitationList { invitations: open.into_iter().map(invitation).collect() }))
}
