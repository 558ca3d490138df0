use axum::{extract::State, response::Response};
use stage_commands::Missing;

use crate::{
    answer::Reader,
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, Query, Waited},
    feeds::{Feed, Format, json::JsonFeed},
    kept::{Caching, Draft, Of},
    posts::filter::{Filter, PublicParams},
    problem::Problem,
};

/// Read a stage's posts as JSON Feed
///
/// Counts no view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/feed.json", operation_id = "json_feed", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), PublicParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "JSON Feed 1.1", body = JsonFeed, content_type = "application/feed+json",
            headers(
                ("ETag" = String, description = "Of these very bytes"),
                ("Cache-Control" = String),
                ("Link" = String, description = "`self`, `hub` where there is one, and `next` but at the end"),
            )),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn json(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    answer(&app, &handle, &query, waited, &reader, Format::Json).await
}

/// Read a stage's posts as Atom
///
/// Counts no view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/feed.atom", operation_id = "atom_feed", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), PublicParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "Atom (RFC 4287)", body = String, content_type = "application/atom+xml",
            headers(
                ("ETag" = String, description = "Of these very bytes"),
                ("Cache-Control" = String),
                ("Link" = String, description = "`self`, `hub` where there is one, and `next` but at the end"),
            )),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn atom(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    answer(&app, &handle, &query, waited, &reader, Format::Atom).await
}

/// Read a stage's posts as RSS
///
/// Counts no view.
#[utoipa::path(
    get, path = "/v1/stages/{handle}/feed.rss", operation_id = "rss_feed", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), PublicParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "RSS 2.0", body = String, content_type = "application/rss+xml",
            headers(
                ("ETag" = String, description = "Of these very bytes"),
                ("Cache-Control" = String),
                ("Link" = String, description = "`self`, `hub` where there is one, and `next` but at the end"),
            )),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn rss(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    answer(&app, &handle, &query, waited, &reader, Format::Rss).await
}

async fn answer(
    app: &Inner,
    handle: &str,
    query: &Query,
    waited: Waited,
    reader: &Reader,
    format: Format,
) -> Result<Response, Problem> {
    let filter = Filter::public(query)?;
    app.pages.answer(app, reader, waited, async || render(app, handle, &filter, format).await).await
}

async fn render(app: &Inner, handle: &str, filter: &Filter, format: Format) -> Result<Draft, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let of = Of::Stage(stage.id);
    let page = app.reads.feed(&filter.query(&stage)?).await?;
    let address = |query: String| {
        let query = if query.is_empty() { query } else { format!("?{query}") };
        app.settings.public("/v1/stages/", &format!("{}/{}{query}", stage.handle, format.name()))
    };
    let (own, next) = (address(filter.this()), page.next.as_ref().map(|cursor| address(filter.next(cursor))));
    let conditions = filter.first();
    let is_whole = filter.this().is_empty();
    let feed = Feed { settings: &app.settings, posts: page.posts, conditions, own, next, is_whole, stage };
    let (body, link) = (feed.write(format)?, Some(feed.link()));
    let (kind, caching) = (format.kind(), Caching::Soon);
    Ok(Draft { body, kind, caching, link, viewed: vec![], of, counts: false, language: None })
}
