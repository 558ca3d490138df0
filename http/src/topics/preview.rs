use axum::{Json, extract::State};
use serde::Serialize;
use stage_commands::UseCase;
use stage_domain::{TopicId, topics::Topic};
use stage_projections::feed::PreviewedPost;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TopicBody;
use crate::{
    app::Shared,
    contract::{params::WaitParams, responses::TeamAskRefusals},
    extract::{self, Ask, Ids, Session, Waited},
    posts::view::Reason,
    problem::Problem,
};

/// At most this many of the posts that match are shown.
const SHOWN: u32 = 20;

/// What a topic would match.
#[derive(Serialize, ToSchema)]
pub(crate) struct TopicPreview {
    /// How many posts were looked at: the newest, hidden ones too, without those that a person assigned.
    #[schema(minimum = 0)]
    examined: u64,
    /// How many of them would be in the topic.
    #[schema(minimum = 0)]
    matched: u64,
    /// The newest that match, at most 20.
    #[schema(max_items = 20)]
    posts: Vec<MatchedPost>,
}

/// A post and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchedPost {
    id: Uuid,
    title: Option<String>,
    /// The beginning of its text.
    text: String,
    reasons: Vec<Reason>,
}

/// Try a topic on the posts that there are
///
/// Changes nothing.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/topics/preview", operation_id = "preview_topic", tag = "topics",
    security(("session" = [], "xsrf" = [])),
    params(("id" = Uuid, Path, description = "The stage"), WaitParams),
    request_body = TopicBody,
    responses((status = 200, description = "What it would match", body = TopicPreview), TeamAskRefusals),
)]
pub(crate) async fn preview(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    _: Waited,
    ask: Ask<extract::Json<TopicBody>>,
) -> Result<Json<TopicPreview>, Problem> {
    let Ids([stage]) = ids;
    let extract::Json(body) = ask.payload;
    app.commands.may(session.actor, stage.into(), UseCase::PreviewTopic).await?;
    let id = TopicId(ask.request.new_id);
    let topic = Topic::new(id, &body.name, body.rules()).map_err(|invalid| body.renamed(invalid))?;
    let preview = app.reads.topic_preview(stage.into(), &topic.rules, SHOWN).await?;
    let post = |PreviewedPost { post, reasons }: PreviewedPost| MatchedPost {
        id: post.id.0,
        title: post.content.title,
        text: post.content.text.chars().take(280).collect(),
        reasons: reasons.into_iter().map(|reason| Reason::new(reason.rule, reason.words)).collect(),
    };
    Ok(Json(TopicPreview {
        examined: preview.examined,
        matched: preview.matched,
        posts: preview.posts.into_iter().map(post).collect(),
    }))
}
