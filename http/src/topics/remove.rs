use axum::{extract::State, response::Response};

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::WriteHeaders,
        responses::{Changed, TeamActRefusals},
    },
    extract::{Ask, Ids, Nothing, Session},
    problem::Problem,
};

/// Remove a topic
///
/// Its posts stay where else they are. `version` is the stage's.
#[utoipa::path(
    delete, path = "/api/v1/stages/{id}/topics/{topic_id}", operation_id = "remove_topic", tag = "topics",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("topic_id" = Uuid, Path, description = "The topic"),
        WriteHeaders,
    ),
    responses(Changed, TeamActRefusals),
)]
pub(crate) async fn remove(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    let Ids([stage, topic]) = ids;
    let done = app.commands.remove_topic(session.actor, stage.into(), topic.into(), ask.request).await?;
    Ok(Receipt::changed(done))
}
