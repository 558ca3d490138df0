use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use stage_commands::UseCase;
use stage_projections::stages::MemberView;
use utoipa::ToSchema;
use uuid::Uuid;

use super::role::RoleName;
use crate::{
    app::Shared,
    contract::{params::WaitParams, responses::TeamRefusals},
    extract::{Ids, Session, Waited},
    problem::Problem,
};

/// The team of a stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberList {
    members: Vec<Member>,
}

/// Somebody who belongs to a stage.
#[derive(Serialize, ToSchema)]
pub(crate) struct Member {
    account_id: Uuid,
    /// Absent once the person was erased, and while their data is restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_name: Option<String>,
    /// Absent once the person was erased, and while their data is restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_name: Option<String>,
    role: RoleName,
    since: DateTime<Utc>,
}

/// List a stage's team
#[utoipa::path(
    get, path = "/api/v1/stages/{id}/members", operation_id = "list_members", tag = "team",
    security(("session" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WaitParams),
    responses((status = 200, description = "In the order in which they joined", body = MemberList), TeamRefusals),
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    _: Waited,
) -> Result<Json<MemberList>, Problem> {
    let Ids([id]) = ids;
    app.commands.may(session.actor, id.into(), UseCase::ReadTeam).await?;
    let members = app.reads.members(id.into()).await?;
    let accounts: Vec<_> = members.iter().map(|member| member.account).collect();
    let mut names = app.reads.names(&accounts).await?;
    let member = |MemberView { account, role, since }| {
        let name = names.remove(&account).unwrap_or_default();
        Member {
            account_id: account.0,
            first_name: name.first_name,
            last_name: name.last_name,
            role: role.into(),
            since,
        }
    };
    Ok(Json(MemberList { members: members.into_iter().map(member).collect() }))
}
