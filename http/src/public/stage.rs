use axum::{extract::State, response::Response};
use serde::Serialize;
use stage_commands::Missing;
use stage_projections::views::Viewed;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answer::{Reader, rendered},
    app::{Inner, Rendered, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Waited},
    problem::Problem,
};

/// A stage as everybody sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicStage {
    id: Uuid,
    handle: String,
    name: String,
    topics: Vec<PublicTopic>,
    /// How often it was viewed.
    #[schema(minimum = 0)]
    views: u64,
}

/// A topic that posts can be asked for by.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicTopic {
    id: Uuid,
    name: String,
}

/// Read a stage
///
/// Counts one view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}", operation_id = "read_public_stage", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "The stage", body = PublicStage,
            headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn stage(
    State(app): State<Shared>,
    Handle(handle): Handle,
    _: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    let rendered = render(&app, &handle).await?;
    Ok(reader.answer(&app, &rendered))
}

async fn render(app: &Inner, handle: &str) -> Result<Rendered, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let viewed = vec![Viewed::Stage(stage.id)];
    let views = app.reads.views(&viewed).await?.first().copied().unwrap_or_default();
    let topics =
        stage.topics.into_iter().map(|topic| PublicTopic { id: topic.id.0, name: topic.name }).collect();
    let stage = PublicStage { id: stage.id.0, handle: stage.handle, name: stage.name, topics, views };
    rendered(&stage, None, viewed)
}
