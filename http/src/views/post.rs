use axum::{Json, extract::State};
use stage_commands::{Missing, UseCase};
use stage_domain::{PostId, StageId};
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

/// Read how often a post was viewed, for the team of its stage
///
/// Also of one that is hidden.
#[utoipa::path(
    get, path = "/api/v1/stages/{id}/posts/{post_id}/views", operation_id = "read_post_views", tag = "posts",
    security(("session" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("post_id" = Uuid, Path, description = "The post"),
        PeriodParams, WaitParams,
    ),
    responses((status = 200, description = "The counts", body = ViewCounts), TeamRefusals),
)]
pub(crate) async fn views(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    query: Query,
    _: Waited,
) -> Result<Json<ViewCounts>, Problem> {
    let Ids([stage, id]) = ids;
    let period = Period::of(&query, clock::now().date_naive())?;
    let (stage, id) = (StageId(stage), PostId(id));
    app.commands.may(session.actor, stage, UseCase::ListPosts).await?;
    let post = app.reads.post(id).await?.filter(|post| post.stage_id == stage);
    post.ok_or_else(|| Problem::missing(Missing::Post))?;
    Ok(Json(ViewCounts::of(&app, Viewed::Post(id), period).await?))
}
