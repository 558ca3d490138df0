use axum::{extract::State, response::Response};
use stage_commands::posts::Moderation;

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

/// Pin a post
///
/// It is marked as pinned; a stage can pin any number of posts.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/posts/{post_id}/pin", operation_id = "pin_post", tag = "posts",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("post_id" = Uuid, Path, description = "The post"),
        WriteHeaders,
    ),
    responses(Changed, TeamActRefusals),
)]
pub(crate) async fn pin(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Nothing>,
) -> Result<Response, Problem> {
    let Ids([stage, post]) = ids;
    let (stage, post) = (stage.into(), post.into());
    let done = app.commands.moderate(session.actor, stage, post, Moderation::Pin, ask.request).await?;
    Ok(Receipt::changed(done))
}
