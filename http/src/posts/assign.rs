use axum::{extract::State, response::Response};
use serde::Deserialize;
use stage_commands::posts::Moderation;
use stage_domain::TopicId;
use utoipa::ToSchema;
use uuid::Uuid;

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

/// A person's own assignment of a post.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignTopics {
    /// The topics that the post is in from now on, whatever the rules say; none for an empty list. Null gives it
    /// back to the rules.
    #[schema(max_items = 100, required = true)]
    topics: Option<Vec<Uuid>>,
}

/// Put a post into topics by hand
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/posts/{post_id}/topics", operation_id = "assign_topics", tag = "posts",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("post_id" = Uuid, Path, description = "The post"),
        WriteHeaders,
    ),
    request_body = AssignTopics, responses(Changed, TeamWriteRefusals),
)]
pub(crate) async fn assign(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Json<AssignTopics>>,
) -> Result<Response, Problem> {
    let Ids([stage, post]) = ids;
    let Json(AssignTopics { topics }) = ask.payload;
    let topics = topics.map(|ids| ids.into_iter().map(TopicId).collect());
    let (stage, post) = (stage.into(), post.into());
    let done =
        app.commands.moderate(session.actor, stage, post, Moderation::Assign(topics), ask.request).await?;
    Ok(Receipt::changed(done))
}
