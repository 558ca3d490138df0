use std::collections::{BTreeSet, HashMap};

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use stage_domain::{PostId, StageId, stage};
use stage_projections::views::Viewed;
use utoipa::{
    ToSchema,
    openapi::{Array, schema::ArrayBuilder},
};
use uuid::Uuid;

use crate::{
    app::Shared,
    contract::{responses::ViewRefusals, text},
    extract::{self, Ask},
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
/// For clients that show posts from a list. What was shown twice may be named twice.
#[utoipa::path(
    post, path = "/v1/views", operation_id = "report_views", tag = "public",
    request_body = ViewReport,
    responses((status = 202, description = "Counted soon", body = ViewsAccepted), ViewRefusals),
)]
pub(crate) async fn views(
    State(app): State<Shared>,
    ask: Ask<extract::Json<ViewReport>>,
) -> Result<(StatusCode, Json<ViewsAccepted>), Problem> {
    let extract::Json(ViewReport { posts, stages }) = ask.payload;
    let posts: Vec<PostId> = posts.into_iter().map(PostId).collect();
    let handles: Vec<String> = stages.iter().filter_map(|handle| stage::handle(handle).ok()).collect();

    let visible: BTreeSet<PostId> = match posts.is_empty() {
        true => BTreeSet::new(),
        false => app.reads.visible_posts(&posts).await?.into_iter().collect(),
    };
    let open: HashMap<String, StageId> = match handles.is_empty() {
        true => HashMap::new(),
        false => app.reads.open_stages(&handles).await?.into_iter().collect(),
    };
    let posts = posts.into_iter().filter(|post| visible.contains(post)).map(Viewed::Post);
    let stages = handles.iter().filter_map(|handle| open.get(handle)).map(|stage| Viewed::Stage(*stage));
    let seen: Vec<Viewed> = posts.chain(stages).collect();
    if !seen.is_empty() && app.views.viewed(&seen).is_err() {
        metrics::counter!("stage_views_not_kept_total").increment(seen.len() as u64);
        return Err(Problem::new(Kind::Unavailable));
    }
    Ok((StatusCode::ACCEPTED, Json(ViewsAccepted { accepted: seen.len() })))
}
