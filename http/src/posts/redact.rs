use axum::{extract::State, response::Response};
use serde::Deserialize;
use stage_domain::post::RedactionReason;
use utoipa::ToSchema;

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

/// Why a post is redacted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedactPost {
    reason: Reason,
}

/// A code and no text, so that nothing about whoever asked is kept.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RedactionReason)]
pub(crate) enum Reason {
    /// Somebody whom the post is about asked for it (Art. 17 GDPR).
    PersonalData,
    /// It infringes somebody's right in a work or a picture.
    Copyright,
    /// It may not be published for another reason, such as a court's order.
    Unlawful,
}

impl From<Reason> for RedactionReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::PersonalData => Self::PersonalData,
            Reason::Copyright => Self::Copyright,
            Reason::Unlawful => Self::Unlawful,
        }
    }
}

/// Redact a post
///
/// Takes what it says out of the log for good, for instance when a third person whom it is about asks for erasure (Art. 17
/// GDPR). Its digest stays, so that proofs still verify, and an event tells of it. The post leaves the stage, and importing
/// it again does not bring it back. It can't be undone, so only an owner may.
#[utoipa::path(
    post, path = "/api/v1/stages/{id}/posts/{post_id}/redact", operation_id = "redact_post", tag = "posts",
    security(("session" = [], "xsrf" = [])),
    params(
        ("id" = Uuid, Path, description = "The stage"),
        ("post_id" = Uuid, Path, description = "The post"),
        WriteHeaders,
    ),
    request_body = RedactPost, responses(Changed, TeamWriteRefusals),
)]
pub(crate) async fn redact(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<2>,
    ask: Ask<Json<RedactPost>>,
) -> Result<Response, Problem> {
    let Ids([stage, post]) = ids;
    let Json(RedactPost { reason }) = ask.payload;
    let (stage, post) = (stage.into(), post.into());
    let done = app.commands.redact_post(session.actor, stage, post, reason.into(), ask.request).await?;
    Ok(Receipt::changed(done))
}
