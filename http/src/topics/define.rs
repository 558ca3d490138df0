use axum::{extract::State, response::Response};

use super::body::TopicBody;
use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Created, TeamWriteRefusals},
    },
    extract::{Ask, Ids, Json, Session},
    problem::Problem,
};

/// Define a topic
///
/// The posts already imported are sorted into it too. `version` is the stage's.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/topics", operation_id = "define_topic", tag = "topics",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WriteHeaders),
    request_body = TopicBody, responses(Created, TeamWriteRefusals),
)]
pub(crate) async fn define(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    ask: Ask<Json<TopicBody>>,
) -> Result<Response, Problem> {
    let Ids([stage]) = ids;
    let Json(topic) = ask.payload;
    let commands = &app.commands;
    let done = commands
        .define_topic(session.actor, stage.into(), &topic.name, topic.rules(), ask.request)
        .await
        .map_err(|error| topic.refusal(error))?;
    Ok(Receipt::created(done, format!("/api/v1/stages/{stage}/topics/{}", done.id)))
}
