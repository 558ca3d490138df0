use axum::{Json, extract::State};
use stage_commands::UseCase;
use stage_domain::StageId;
use stage_projections::views::Viewed;

use super::{
    counts::ViewCounts,
    period::{Period, PeriodParams},
};
use crate::{
    app::Shared,
    clock,
    contract::{params::WaitParams, responses::TeamRefusals},
    extract::{Ids, Query, Session, Waited},
    problem::Problem,
};

/// Read how often a stage was viewed, for its team
///
/// Also while readers don't see it.
#[utoipa::path(
    get, path = "/api/v1/stages/{id}/views", operation_id = "read_stage_views", tag = "stages",
    security(("session" = [])),
    params(("id" = Uuid, Path, description = "The stage"), PeriodParams, WaitParams),
    responses((status = 200, description = "The counts", body = ViewCounts), TeamRefusals),
)]
pub(crate) async fn views(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    query: Query,
    _: Waited,
) -> Result<Json<ViewCounts>, Problem> {
    let Ids([id]) = ids;
    let period = Period::of(&query, clock::now().date_naive())?;
    let stage = StageId(id);
    app.commands.may(session.actor, stage, UseCase::ReadStage).await?;
    Ok(Json(ViewCounts::of(&app, Viewed::Stage(stage), period).await?))
}
