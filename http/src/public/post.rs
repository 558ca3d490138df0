use axum::{extract::State, response::Response};
use stage_commands::Missing;
use stage_domain::PostId;
use stage_projections::views::Viewed;

use crate::{
    answer::{Reader, rendered},
    app::{Inner, Rendered, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Ids, Waited},
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
    _: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    let Ids([id]) = ids;
    let rendered = render(&app, PostId(id)).await?;
    Ok(reader.answer(&app, &rendered))
}

async fn render(app: &Inner, id: PostId) -> Result<Rendered, Problem> {
    let post = app.reads.post(id).await?.filter(|post| !post.hidden);
    let post = post.ok_or_else(|| Problem::missing(Missing::Post))?;
    if app.reads.is_restricted(post.stage_id).await? {
        return Err(Problem::missing(Missing::Post));
    }
    let viewed = vec![Viewed::Post(id)];
    let views = app.reads.views(&viewed).await?.first().copied().unwrap_or_default();
    rendered(&Post::new(post, views, &app.settings), None, viewed)
}
