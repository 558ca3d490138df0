//! For everybody: what is counted of what everybody sees.

use axum::{extract::State, response::Response};
use stage_commands::Missing;
use stage_domain::{PostId, StageId};
use stage_projections::views::Viewed;

use super::{
    counts::ViewCounts,
    period::{Period, PeriodParams},
};
use crate::{
    answer::{Reader, json},
    app::{Inner, Shared},
    clock,
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Ids, Query, Waited},
    kept::Of,
    problem::Problem,
};

/// Read how often a stage was viewed
///
/// In total and by day. Counts no view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/views", operation_id = "read_public_stage_views", tag = "public",
    params(
        ("handle" = String, Path, description = "The stage's handle"),
        PeriodParams, WaitParams, ConditionHeaders,
    ),
    responses(
        (status = 200, description = "The counts, at most some seconds old", body = ViewCounts,
            headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn of_stage(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    let period = Period::of(&query, clock::now().date_naive())?;
    let render = async || {
        let (id, _) = shown_stage(&app, &handle).await?;
        json(&ViewCounts::of(&app, Viewed::Stage(id), period).await?, Of::Stage(id), vec![])
    };
    app.pages.answer(&app, &reader, waited, render).await
}

/// Read how often a post was viewed
///
/// In total and by day. Counts no view.
#[utoipa::path(
    get, path = "/v1/posts/{id}/views", operation_id = "read_public_post_views", tag = "public",
    params(("id" = Uuid, Path, description = "The post"), PeriodParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "The counts, at most some seconds old", body = ViewCounts,
            headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn of_post(
    State(app): State<Shared>,
    ids: Ids<1>,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    let Ids([id]) = ids;
    let period = Period::of(&query, clock::now().date_naive())?;
    let render = async || {
        let stage = shown_post(&app, PostId(id)).await?;
        json(&ViewCounts::of(&app, Viewed::Post(PostId(id)), period).await?, Of::Stage(stage), vec![])
    };
    app.pages.answer(&app, &reader, waited, render).await
}

/// A stage that readers see, with its name.
pub(super) async fn shown_stage(app: &Inner, handle: &str) -> Result<(StageId, String), Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    Ok((stage.id, stage.name))
}

/// The stage of a post that readers see.
pub(super) async fn shown_post(app: &Inner, id: PostId) -> Result<StageId, Problem> {
    let visible = app.reads.visible_posts(&[id]).await?;
    let (_, stage) = visible.into_iter().next().ok_or_else(|| Problem::missing(Missing::Post))?;
    Ok(stage)
}
