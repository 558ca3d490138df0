use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::role::RoleName;
use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Changed, TeamWriteRefusals},
    },
    extract::{Ask, Ids, Json, Session},
    problem::Problem,
};

/// What a member is from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMember {
    role: RoleName,
}

/// Give a member another role
///
/// For owners. The last owner stays one. The version is the stage's.
#[utoipa::path(
    patch, path = "/api/v1/stages/{id}/members/{account_id}", operation_id = "change_member", tag = "team",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("account_id" = Uuid, Path, description = "The member"),
        WriteHeaders,
    ),
    request_body = ChangeMember, responses(Changed, TeamWriteRefusals),
)]
pub(crate) async fn change(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Json<ChangeMember>>,
) -> Result<Response, Problem> {
    let Ids([stage, member]) = ids;
    let Json(ChangeMember { role }) = ask.payload;
    let done = app
        .commands
        .change_role(session.actor, stage.into(), member.into(), role.into(), ask.request)
        .await?;
    Ok(Receipt::changed(done))
}
