use axum::{Json, extract::State};
use serde::Serialize;
use stage_commands::{Missing, UseCase};
use utoipa::ToSchema;

use super::{
    filter::{Filter, ModeratedParams},
    view::ModeratedPost,
};
use crate::{
    app::Shared,
    contract::{params::WaitParams, responses::TeamRefusals},
    extract::{Ids, Query, Session, Waited},
    problem::Problem,
};

/// A page of posts, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModeratedPosts {
    posts: Vec<ModeratedPost>,
    /// The address of the next, older page; null at the end.
    #[schema(format = Uri)]
    next: Option<String>,
}

/// List a stage's posts, hidden ones too
#[utoipa::path(
    get, path = "/api/v1/stages/{id}/posts", operation_id = "list_posts", tag = "posts",
    security(("session" = [])),
    params(("id" = Uuid, Path, description = "The stage"), ModeratedParams, WaitParams),
    responses((status = 200, description = "A page, the newest first", body = ModeratedPosts), TeamRefusals),
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    session: Session,
    ids: Ids<1>,
    query: Query,
    _: Waited,
) -> Result<Json<ModeratedPosts>, Problem> {
    let Ids([id]) = ids;
    let filter = Filter::moderated(&query)?;
    app.commands.may(session.actor, id.into(), UseCase::ListPosts).await?;
    let stage = app.reads.stage(id.into()).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let page = app.reads.feed(&filter.query(&stage)?).await?;
    let posts = page.posts.into_iter().map(|post| ModeratedPost::new(post, &app.settings)).collect();
    let address = |cursor: &String| {
        let path = format!("{id}/posts?{}&hidden={}", filter.next(cursor), filter.hidden);
        app.settings.public("/api/v1/stages/", &path)
    };
    Ok(Json(ModeratedPosts { posts, next: page.next.as_ref().map(address) }))
}
