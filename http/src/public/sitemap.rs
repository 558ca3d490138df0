//! For search engines: which pages there are (<https://www.sitemaps.org/protocol.html>), and which of them to look at.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use stage_commands::Missing;

use super::page::home;
use crate::{
    answer::Reader,
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NoRefusals, NotModified, PublicRefusals, SitemapRefusals},
    },
    extract::{Handle, Query, Waited},
    feeds::xml::{document, text, within},
    kept::{Caching, Draft, Of},
    problem::{Kind, Problem},
};

/// The most entries of a sitemap, and of an index.
const MOST: u32 = 50_000;
const NAMESPACE: (&str, &str) = ("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9");

/// List the sitemaps of all stages
#[utoipa::path(
    get, path = "/sitemap.xml", operation_id = "sitemap", tag = "public",
    params(WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "A sitemap index", body = String, content_type = "application/xml",
            headers(("ETag" = String, description = "Of these very bytes"))),
        NotModified,
        SitemapRefusals,
    ),
)]
pub(crate) async fn index(
    State(app): State<Shared>,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    app.pages.answer(&app, &reader, waited, async || render_index(&app).await).await
}

/// List the pages of a stage
///
/// The stage and its newest posts.
#[utoipa::path(
    get, path = "/s/{handle}/sitemap.xml", operation_id = "stage_sitemap", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "A sitemap", body = String, content_type = "application/xml",
            headers(("ETag" = String, description = "Of these very bytes"))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn of_stage(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    app.pages.answer(&app, &reader, waited, async || render_stage(&app, &handle).await).await
}

/// Say what search engines may look at
#[utoipa::path(
    get, path = "/robots.txt", operation_id = "robots", tag = "public",
    responses((status = 200, description = "As in RFC 9309", body = String, content_type = "text/plain"), NoRefusals),
)]
pub(crate) async fn robots(State(app): State<Shared>) -> Response {
    let sitemap = app.settings.public("/sitemap.xml", "");
    let rules =
        format!("User-agent: *\nAllow: /\nDisallow: /api/\nDisallow: /v1/audit/\n\nSitemap: {sitemap}\n");
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, rules).into_response()
}

async fn render_index(app: &Inner) -> Result<Draft, Problem> {
    let handles = app.reads.handles(MOST).await?;
    let body = document("sitemapindex", &[NAMESPACE], |xml| {
        handles.iter().try_for_each(|handle| {
            let address = app.settings.public("/s/", &format!("{handle}/sitemap.xml"));
            within(xml, "sitemap", &[], |xml| text(xml, "loc", &[], &address))
        })
    });
    draft(body, Of::Everything)
}

async fn render_stage(app: &Inner, handle: &str) -> Result<Draft, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let posts = app.reads.post_dates(stage.id, MOST - 1).await?;
    let home = home(&app.settings, &stage);
    let newest = posts.iter().map(|(_, changed)| *changed).max().unwrap_or(stage.created_at);
    let body = document("urlset", &[NAMESPACE], |xml| {
        let mut page = |address: &str, changed: DateTime<Utc>| {
            within(xml, "url", &[], |xml| {
                text(xml, "loc", &[], address)?;
                text(xml, "lastmod", &[], &changed.to_rfc3339_opts(SecondsFormat::Secs, true))
            })
        };
        page(&home, newest)?;
        posts.iter().try_for_each(|(id, changed)| page(&format!("{home}/posts/{id}"), *changed))
    });
    draft(body, Of::Stage(stage.id))
}

fn draft(body: std::io::Result<Vec<u8>>, of: Of) -> Result<Draft, Problem> {
    let body = body.map_err(|_| Problem::new(Kind::Internal))?;
    let (kind, caching) = ("application/xml; charset=utf-8", Caching::Soon);
    Ok(Draft { body, kind, caching, link: None, viewed: vec![], of, counts: false, language: None })
}
