//! Pages for people and for programs that show a preview of a link. They load nothing, from anywhere.

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use stage_commands::Missing;
use stage_domain::{Language, PostId, post::MediaKind};
use stage_projections::{feed::PostView, stages::StageView, views::Viewed};
use url::form_urlencoded;

use crate::{
    HttpSettings,
    answer::Reader,
    app::{Inner, Shared},
    contract::{
        params::{ConditionHeaders, WaitParams},
        responses::{NotModified, PublicRefusals},
    },
    extract::{Handle, HandleAnd, Query, Waited},
    feeds::{dated, title},
    kept::{Caching, Draft, Of},
    posts::filter::{Filter, PublicParams},
    problem::{Kind, Problem},
    texts::{self, PageText},
};

/// Characters of a description.
const LONGEST_DESCRIPTION: usize = 200;

/// What stands in a page's head.
struct Head {
    title: String,
    description: String,
    url: String,
    /// The stage's name.
    site: String,
    kind: &'static str,
    /// The address of the feeds, without their ending.
    feed: String,
    /// The address of the oEmbed answer.
    oembed: String,
    image: Option<Image>,
    published: Option<String>,
    modified: Option<String>,
    /// JSON-LD.
    linked: String,
}

struct Image {
    url: String,
    alt: Option<String>,
}

struct ShownPost {
    url: String,
    title: String,
    text: String,
    published: String,
    day: String,
    language: Option<String>,
}

struct ShownTopic {
    name: String,
    url: String,
}

#[derive(Template)]
#[template(path = "stage.html")]
struct StagePage {
    lang: &'static str,
    text: PageText,
    head: Head,
    topics: Vec<ShownTopic>,
    posts: Vec<ShownPost>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "post.html")]
struct PostPage {
    lang: &'static str,
    text: PageText,
    head: Head,
    home: String,
    post: ShownPost,
    author: Option<String>,
    original: Option<String>,
}

/// Read a stage as a page
///
/// With OpenGraph, JSON-LD and links to the feeds. Counts one view of the stage.
#[utoipa::path(
    get, path = "/s/{handle}", operation_id = "stage_page", tag = "public",
    params(("handle" = String, Path, description = "The stage's handle"), PublicParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "A page in German or English by `Accept-Language`", body = String,
            content_type = "text/html", headers(("ETag" = String, description = "Of these very bytes"))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn stage(
    State(app): State<Shared>,
    Handle(handle): Handle,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    let filter = Filter::public(&query)?;
    let reader = reader.in_language();
    let render = async || render_stage(&app, &handle, &filter, reader.language).await;
    app.pages.answer(&app, &reader, waited, render).await
}

/// Read a post as a page
///
/// With OpenGraph and JSON-LD. Counts one view of the post.
#[utoipa::path(
    get, path = "/s/{handle}/posts/{id}", operation_id = "post_page", tag = "public",
    params(
        ("handle" = String, Path, description = "The stage's handle"),
        ("id" = Uuid, Path, description = "The post"),
        WaitParams, ConditionHeaders,
    ),
    responses(
        (status = 200, description = "A page in German or English by `Accept-Language`", body = String,
            content_type = "text/html", headers(("ETag" = String, description = "Of these very bytes"))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn post(
    State(app): State<Shared>,
    HandleAnd(handle, id): HandleAnd,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&[])?;
    let reader = reader.in_language();
    let render = async || render_post(&app, &handle, PostId(id), reader.language).await;
    app.pages.answer(&app, &reader, waited, render).await
}

async fn render_stage(
    app: &Inner,
    handle: &str,
    filter: &Filter,
    language: Language,
) -> Result<Draft, Problem> {
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let page = app.reads.feed(&filter.query(&stage)?).await?;
    let settings = &app.settings;
    let home = home(settings, &stage);
    let text = texts::page(language);
    let topic = |name: &str| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("topic", name).finish();
        ShownTopic { name: name.to_owned(), url: format!("{home}?{query}") }
    };
    let linked = json!({
        "@context": "https://schema.org", "@type": "CollectionPage", "name": stage.name, "url": home,
        "publisher": {"@type": "Organization", "name": stage.name, "url": home},
        "hasPart": page.posts.iter().map(|post| linked(settings, &stage, post)).collect::<Vec<_>>(),
    });
    let url = if filter.this().is_empty() { home.clone() } else { format!("{home}?{}", filter.this()) };
    let head = Head {
        title: stage.name.clone(),
        description: format!("{} {}", text.posts_of, stage.name),
        oembed: oembed(settings, &home),
        url,
        site: stage.name.clone(),
        kind: "website",
        feed: settings.public("/v1/stages/", &format!("{}/feed", stage.handle)),
        image: None,
        published: None,
        modified: None,
        linked: in_script(&linked),
    };
    let shown = StagePage {
        lang: language.code(),
        text,
        head,
        topics: stage.topics.iter().map(|wanted| topic(&wanted.name)).collect(),
        posts: page.posts.iter().map(|post| shown(settings, &stage, post)).collect(),
        next: page.next.as_ref().map(|cursor| format!("{home}?{}", filter.next(cursor))),
    };
    draft(&shown, Of::Stage(stage.id), Viewed::Stage(stage.id), language)
}

async fn render_post(app: &Inner, handle: &str, id: PostId, language: Language) -> Result<Draft, Problem> {
    let settings = &app.settings;
    let stage = app.reads.stage_by_handle(handle).await?.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let post = app.reads.post(id).await?.filter(|post| !post.hidden && post.stage_id == stage.id);
    let post = post.ok_or_else(|| Problem::missing(Missing::Post))?;
    let image = post.content.media.iter().find(|media| media.kind == MediaKind::Image);
    let url = page_of(settings, &stage, &post);
    let mut article = linked(settings, &stage, &post);
    if let Some(article) = article.as_object_mut() {
        article.insert("@context".to_owned(), "https://schema.org".into());
    }
    let head = Head {
        title: title(&post, &stage.name),
        description: description(&post),
        oembed: oembed(settings, &url),
        url,
        site: stage.name.clone(),
        kind: "article",
        feed: settings.public("/v1/stages/", &format!("{}/feed", stage.handle)),
        image: image.map(|image| Image { url: image.url.to_string(), alt: image.alt.clone() }),
        published: Some(moment(dated(&post))),
        modified: post.revised_at.map(moment),
        linked: in_script(&article),
    };
    let shown = PostPage {
        lang: language.code(),
        text: texts::page(language),
        head,
        home: home(settings, &stage),
        author: post.content.author.clone(),
        original: post.content.permalink.as_ref().map(ToString::to_string),
        post: shown(settings, &stage, &post),
    };
    draft(&shown, Of::Stage(stage.id), Viewed::Post(id), language)
}

fn draft(page: &impl Template, of: Of, viewed: Viewed, language: Language) -> Result<Draft, Problem> {
    let body = page.render().map_err(|_| Problem::new(Kind::Internal))?.into_bytes();
    let (kind, viewed) = ("text/html; charset=utf-8", vec![viewed]);
    let language = Some(language);
    Ok(Draft { body, kind, caching: Caching::Ask, link: None, viewed, of, counts: false, language })
}

fn shown(settings: &HttpSettings, stage: &StageView, post: &PostView) -> ShownPost {
    let published = dated(post);
    ShownPost {
        url: page_of(settings, stage, post),
        title: title(post, &stage.name),
        text: post.content.text.clone(),
        published: moment(published),
        day: published.format("%Y-%m-%d").to_string(),
        language: post.content.language.clone(),
    }
}

fn linked(settings: &HttpSettings, stage: &StageView, post: &PostView) -> Value {
    let home = home(settings, stage);
    let author = post.content.author.as_ref().unwrap_or(&stage.name);
    let images: Vec<&str> = post
        .content
        .media
        .iter()
        .filter(|media| media.kind == MediaKind::Image)
        .map(|media| media.url.as_str())
        .collect();
    json!({
        "@type": "Article", "headline": title(post, &stage.name), "url": page_of(settings, stage, post),
        "datePublished": moment(dated(post)), "dateModified": moment(post.revised_at.unwrap_or_else(|| dated(post))),
        "author": {"@type": "Person", "name": author}, "image": images, "inLanguage": post.content.language,
        "publisher": {"@type": "Organization", "name": stage.name, "url": home},
    })
}

/// JSON that can't end the element that it stands in.
fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

pub(crate) fn home(settings: &HttpSettings, stage: &StageView) -> String {
    settings.public("/s/", &stage.handle)
}

pub(crate) fn page_of(settings: &HttpSettings, stage: &StageView, post: &PostView) -> String {
    settings.public("/s/", &format!("{}/posts/{}", stage.handle, post.id))
}

fn oembed(settings: &HttpSettings, url: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("url", url).finish();
    settings.public("/v1/oembed?", &query)
}

/// The beginning of the text.
fn description(post: &PostView) -> String {
    let words = post.content.text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST_DESCRIPTION) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or(&words).trim_end()),
        None => words,
    }
}

fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
