use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{Stage, stages};
use crate::{
    app::Shared,
    contract::{params::WaitParams, responses::ReadRefusals},
    extract::{Session, Waited},
    problem::Problem,
};

/// All stages of which a person is a member.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageList {
    stages: Vec<Stage>,
}

/// List my stages
///
/// Those of which one is a member, with one's role.
#[utoipa::path(
    get, path = "/api/v1/stages", operation_id = "list_stages", tag = "stages",
    security(("session" = [])), params(WaitParams),
    responses((status = 200, description = "In the order in which they were created", body = StageList), ReadRefusals),
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    session: Session,
    _: Waited,
) -> Result<Json<StageList>, Problem> {
    let views = app.reads.stages_of(session.actor.account).await?;
    Ok(Json(StageList { stages: stages(&app, views).await? }))
}
