use axum::{extract::State, response::Response};
use stage_commands::Missing;
use stage_domain::PostId;
use stage_projections::views::Viewed;

use crate::{
    answer::{Reader, json},
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Ids, Query, Waited},
    kept::{Draft, Of},
    posts::view::Post,
    problem::Problem,
};

/// Read a post
///
/// Counts one view.
#[utoipa::path(
    get, path = "/v1/posts/{id}", operation_id = "read_public_post", tag = "public",
    params(("id" = Uuid, Path, description = "The post"), WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "The post", body = Post,
            headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn post(
    State(app): State<Shared>,
    ids: Ids<1>,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let Ids([id]) = ids;
    app.pages.answer(&app, &reader, waited, async || render(&app, PostId(id)).await).await
}

async fn render(app: &Inner, id: PostId) -> Result<Draft, Problem> {
    let post = app.reads.post(id).await?.filter(|post| !post.hidden);
    let post = post.ok_or_else(|| Problem::missing(Missing::Post))?;
    if app.reads.is_restricted(post.stage_id).await? {
        return Err(Problem::missing(Missing::Post));
    }
    let of = Of::Stage(post.stage_id);
    json(&Post::new(post, &app.settings), of, vec![Viewed::Post(id)])
}
