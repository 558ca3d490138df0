use axum::{extract::State, response::Response};

use super::body::TopicBody;
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

/// Change a topic
///
/// Name and rules become what the body says, and all posts are sorted anew. `version` is the stage's.
#[utoipa::path(
    put, path = "/api/v1/stages/{id}/topics/{topic_id}", operation_id = "change_topic", tag = "topics",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("topic_id" = Uuid, Path, description = "The topic"),
        WriteHeaders,
    ),
    request_body = TopicBody, responses(Changed, TeamWriteRefusals),
)]
pub(crate) async fn change(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Json<TopicBody>>,
) -> Result<Response, Problem> {
    let Ids([stage, topic_id]) = ids;
    let Json(topic) = ask.payload;
    let commands = &app.commands;
    let done = commands
        .change_topic(session.actor, stage.into(), topic_id.into(), &topic.name, topic.rules(), ask.request)
        .await
        .map_err(|error| topic.refusal(error))?;
    Ok(Receipt::changed(done))
}
