use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use stage_domain::{PostId, stage};
use stage_projections::views::Viewed;
use utoipa::{
    ToSchema,
    openapi::{Array, schema::ArrayBuilder},
};
use uuid::Uuid;

use crate::{
    app::Shared,
    contract::{responses::ViewRefusals, text},
    extract::{self, Ask, Looks},
    problem::{Kind, Problem},
};

/// What a reader was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"posts": ["0190163d-8694-539b-aea5-966c26f8ad90"], "stages": ["rathaus"]}))]
pub(crate) struct ViewReport {
    /// Ids of posts.
    #[serde(default)]
    #[schema(max_items = 100, required = false)]
    posts: Vec<Uuid>,
    /// Handles of stages.
    #[serde(default)]
    #[schema(schema_with = handles, required = false)]
    stages: Vec<String>,
}

fn handles() -> Array {
    ArrayBuilder::new().items(text::any_handle()).max_items(Some(100)).build()
}

/// What of it was counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct ViewsAccepted {
    /// Each entry counts; what is not there or not shown does not.
    #[schema(minimum = 0)]
    accepted: usize,
}

/// Report views
///
/// For clients that show posts from a list. What was shown twice may be named twice. A client whose `User-Agent` names a
/// known bot is counted apart.
#[utoipa::path(
    post, path = "/v1/views", operation_id = "report_views", tag = "public",
    request_body = ViewReport,
    responses((status = 202, description = "Counted soon", body = ViewsAccepted), ViewRefusals),
)]
pub(crate) async fn views(
    State(app): State<Shared>,
    Looks(viewer): Looks,
    ask: Ask<extract::Json<ViewReport>>,
) -> Result<(StatusCode, Json<ViewsAccepted>), Problem> {
    let extract::Json(ViewReport { posts, stages }) = ask.payload;
    let posts: Vec<PostId> = posts.into_iter().map(PostId).collect();
    let handles: Vec<String> = stages.iter().filter_map(|handle| stage::handle(handle).ok()).collect();

    let posts = app.visible.posts(&app.reads, posts).await?;
    let stages = app.visible.stages(&app.reads, &handles).await?;
    let seen: Vec<Viewed> =
        posts.into_iter().map(Viewed::Post).chain(stages.into_iter().map(Viewed::Stage)).collect();
    if !app.count(&seen, viewer) {
        return Err(Problem::new(Kind::Unavailable));
    }
    Ok((StatusCode::ACCEPTED, Json(ViewsAccepted { accepted: seen.len() })))
}
