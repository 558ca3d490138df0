use axum::{extract::State, response::Response};
use serde::Serialize;
use stage_commands::Missing;
use utoipa::ToSchema;

use crate::{
    answer::{Reader, json},
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Query, Waited},
    kept::{Draft, Of},
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
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    let filter = Filter::public(&query)?;
    app.pages.answer(&app, &reader, waited, async || render(&app, &handle, &filter).await).await
}

async fn render(app: &Inner, handle: &str, filter: &Filter) -> Result<Draft, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let page = app.reads.feed(&filter.query(&stage)?).await?;
    let address = |cursor: &String| {
        let path = format!("{handle}/posts?{}", filter.next(cursor));
        app.settings.public("/v1/stages/", &path)
    };
    let next = page.next.as_ref().map(address);
    let link = next.as_ref().map(|address| format!("<{address}>; rel=\"next\""));
    let posts = page.posts.into_iter().map(|post| Post::new(post, &app.settings)).collect();
    let page = json(&PublicPosts { stage: stage.handle, posts, next }, Of::Stage(stage.id), vec![])?;
    Ok(Draft { link, ..page })
}
