use axum::{extract::State, response::Response};
use serde::Serialize;
use stage_commands::Missing;
use stage_projections::{stages::StageView, views::Viewed};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answer::{Reader, json},
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Query, Waited},
    kept::{Draft, Of},
    problem::Problem,
};

/// A stage as everybody sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicStage {
    id: Uuid,
    handle: String,
    name: String,
    topics: Vec<PublicTopic>,
    /// How often it was viewed, without known bots.
    #[schema(minimum = 0)]
    views: u64,
    /// How often bots viewed it that say so themselves.
    #[schema(minimum = 0)]
    bot_views: u64,
}

/// A topic that posts can be asked for by.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicTopic {
    id: Uuid,
    name: String,
}

impl From<StageView> for PublicStage {
    fn from(stage: StageView) -> Self {
        let StageView { id, handle, name, views, .. } = stage;
        let topics = stage.topics.into_iter().map(|topic| PublicTopic { id: topic.id.0, name: topic.name });
        Self { id: id.0, handle, name, topics: topics.collect(), views: views.views, bot_views: views.bots }
    }
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
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    app.pages.answer(&app, &reader, waited, async || render(&app, &handle).await).await
}

async fn render(app: &Inner, handle: &str) -> Result<Draft, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let id = stage.id;
    json(&PublicStage::from(stage), Of::Stage(id), vec![Viewed::Stage(id)])
}
