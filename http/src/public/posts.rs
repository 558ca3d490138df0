use axum::{extract::State, response::Response};
use serde::Serialize;
use stage_commands::Missing;
use stage_projections::views::Viewed;
use utoipa::ToSchema;

use crate::{
    answer::{Reader, rendered},
    app::{Inner, Rendered, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Query, Waited},
    posts::{
        filter::{Filter, PublicParams},
        view::Post,
    },
    problem::Problem,
};

/// A page of a stage's posts.
#[derive(Serialize, ToSchema)]
pub(crate) struct PublicPosts {
    /// The stage's handle.
    stage: String,
    /// The newest first.
    posts: Vec<Post>,
    /// The address of the next, older page, as in the header `Link`; null at the end.
    #[schema(format = Uri)]
    next: Option<String>,
}

/// Read a stage's posts
///
/// Counts no view; report what was shown with `POST /v1/views`.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/posts", operation_id = "list_public_posts", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), PublicParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "A page, the newest first", body = PublicPosts,
            headers(
                ("ETag" = String, description = "Of these very bytes"),
                ("Cache-Control" = String),
                ("Link" = String, description = "The next page as `rel=\"next\"`; absent at the end"),
            )),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn posts(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    _: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    let filter = Filter::public(&query)?;
    let rendered = render(&app, &handle, filter).await?;
    Ok(reader.answer(&app, &rendered))
}

async fn render(app: &Inner, handle: &str, filter: Filter) -> Result<Rendered, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let page = app.reads.feed(&filter.query(&stage)?).await?;
    let address = |cursor: &String| {
        let path = format!("{handle}/posts?{}", filter.next(cursor));
        app.settings.public("/v1/stages/", &path)
    };
    let next = page.next.as_ref().map(address);
    let link = next.as_ref().map(|address| format!("<{address}>; rel=\"next\""));
    let of: Vec<Viewed> = page.posts.iter().map(|post| Viewed::Post(post.id)).collect();
    let counts = app.reads.views(&of).await?;
    let posts = page.posts.into_iter().zip(counts);
    let posts = posts.map(|(post, views)| Post::new(post, views, &app.settings)).collect();
    rendered(&PublicPosts { stage: stage.handle, posts, next }, link, vec![])
}
