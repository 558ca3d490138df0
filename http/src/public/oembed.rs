//! oEmbed 1.0 (<https://oembed.com/>): what other sites show in place of a link to a stage or a post.

use axum::{extract::State, response::Response};
use serde::Serialize;
use stage_commands::Missing;
use stage_domain::{PostId, post::MediaKind, stage};
use stage_projections::{feed::PostView, stages::StageView};
use url::Url;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Required, Type,
        path::{Parameter, ParameterIn},
        schema::ObjectBuilder,
    },
};
use uuid::Uuid;

use super::page::{home, page_of};
use crate::{
    HttpSettings,
    answer::Reader,
    app::{Inner, Shared},
    contract::{
        check::is_uuid,
        params::{ConditionHeaders, WaitParams, optional},
        responses::{NotModified, PublicRefusals},
        text::LINE,
    },
    extract::{Query, Waited},
    feeds::{title, xml},
    kept::{Caching, Draft, Of},
    posts::filter,
    problem::{Kind, Problem},
};

const LONGEST_URL: usize = 2000;
/// In pixels, where the reader says nothing.
const WIDTH: u32 = 600;
const HEIGHT: u32 = 600;
const MOST: u32 = 10_000;

/// A stage or a post as oEmbed 1.0.
#[derive(Serialize, ToSchema)]
pub(crate) struct Embed {
    #[schema(example = "1.0")]
    version: &'static str,
    /// `rich` for a post, `link` for a stage.
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    provider_name: String,
    provider_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author_name: Option<String>,
    /// Of a post: a quotation that loads nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    /// The most that the quotation takes; a longer text scrolls in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail_height: Option<u32>,
}

/// What an embed is asked for with.
pub(crate) struct EmbedParams;

impl IntoParams for EmbedParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let url = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LONGEST_URL))
            .pattern(Some(LINE))
            .build();
        let format =
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["json", "xml"])).build();
        let query = |name: &str, text: &str, schema| optional(name, ParameterIn::Query, text, schema);
        let mut of = query("url", "The address of the page of a stage or a post", url);
        of.required = Required::True;
        vec![
            of,
            query("format", "The form of the answer; JSON where nothing is said", format),
            query("maxwidth", "In pixels", filter::limit(WIDTH, MOST)),
            query("maxheight", "In pixels", filter::limit(HEIGHT, MOST)),
        ]
    }
}

/// How much room the reader has, in pixels.
#[derive(Clone, Copy)]
struct Room {
    width: u32,
    height: u32,
}

#[derive(Clone, Copy)]
enum Form {
    Json,
    Xml,
}

/// What a link leads to.
enum Target {
    Stage(String),
    Post(PostId),
}

/// Embed a stage or a post
///
/// For other sites, in place of a link. Counts no view.
#[utoipa::path(
    get, path = "/v1/oembed", operation_id = "oembed", tag = "public",
    params(EmbedParams, WaitParams, ConditionHeaders),
    responses(
        (status = 200, description = "oEmbed 1.0", content(
            (Embed = "application/json"), (String = "text/xml"),
        ), headers(("ETag" = String, description = "Of these very bytes"), ("Cache-Control" = String))),
        NotModified,
        PublicRefusals,
    ),
)]
pub(crate) async fn oembed(
    State(app): State<Shared>,
    query: Query,
    waited: Waited,
    reader: Reader,
) -> Result<Response, Problem> {
    query.only(&["url", "format", "maxwidth", "maxheight"])?;
    let url = query
        .text("url", LONGEST_URL)?
        .ok_or_else(|| Problem::field(Kind::Validation, "url", "required", "must not be empty"))?;
    let form = query.one_of("format", &[("json", Form::Json), ("xml", Form::Xml)])?.unwrap_or(Form::Json);
    let width = query.number("maxwidth", 1, MOST)?.unwrap_or(MOST);
    let room = Room { width, height: query.number("maxheight", 1, MOST)?.unwrap_or(MOST) };
    let target = target(url, &app.settings).ok_or_else(|| Problem::missing(Missing::Post))?;
    app.pages.answer(&app, &reader, waited, async || render(&app, &target, form, room).await).await
}

/// Where an address of ours leads, to the page or to the JSON.
fn target(url: &str, settings: &HttpSettings) -> Option<Target> {
    let url = Url::parse(url).ok()?;
    let own = settings.public("", "");
    let path = url.as_str().split(['?', '#']).next()?.strip_prefix(own.as_str())?.trim_end_matches('/');
    let id = |text: &str| Uuid::try_parse(text).ok().filter(|_| is_uuid(text)).map(PostId);
    match path.strip_prefix('/')?.split('/').collect::<Vec<_>>()[..] {
        ["s", handle] | ["v1", "stages", handle] => Some(Target::Stage(stage::handle(handle).ok()?)),
        ["s", _, "posts", post] | ["v1", "posts", post] => Some(Target::Post(id(post)?)),
        _ => None,
    }
}

async fn render(app: &Inner, target: &Target, form: Form, room: Room) -> Result<Draft, Problem> {
    let (stage, post) = match target {
        Target::Stage(handle) => (app.reads.stage_by_handle(handle).await?, None),
        Target::Post(id) => {
            let post = app.reads.post(*id).await?.filter(|post| !post.hidden);
            let post = post.ok_or_else(|| Problem::missing(Missing::Post))?;
            if app.reads.is_restricted(post.stage_id).await? {
                return Err(Problem::missing(Missing::Post));
            }
            (app.reads.stage(post.stage_id).await?, Some(post))
        }
    };
    let stage = stage.ok_or_else(|| Problem::missing(Missing::Stage))?;
    let embed = embed(&app.settings, &stage, post.as_ref(), room);
    let (body, kind) = match form {
        Form::Json => (serde_json::to_vec(&embed).map_err(std::io::Error::from), "application/json"),
        Form::Xml => (in_xml(&embed), "text/xml; charset=utf-8"),
    };
    let body = body.map_err(|_| Problem::new(Kind::Internal))?;
    let (of, caching) = (Of::Stage(stage.id), Caching::Soon);
    Ok(Draft { body, kind, caching, link: None, viewed: vec![], of, counts: false, language: None })
}

fn embed(settings: &HttpSettings, stage: &StageView, post: Option<&PostView>, room: Room) -> Embed {
    let shown = Room { width: room.width.min(WIDTH), height: room.height.min(HEIGHT) };
    let image = post.and_then(|post| {
        let mut images = post.content.media.iter().filter(|media| media.kind == MediaKind::Image);
        // All three or none, the format says, and none that is larger than the reader's room.
        images.find_map(|image| {
            let (width, height) = (image.width?, image.height?);
            let fits = width <= room.width && height <= room.height;
            fits.then(|| (image.url.to_string(), width, height))
        })
    });
    Embed {
        version: "1.0",
        kind: if post.is_some() { "rich" } else { "link" },
        title: post.map_or_else(|| stage.name.clone(), |post| title(post, &stage.name)),
        provider_name: stage.name.clone(),
        provider_url: home(settings, stage),
        author_name: post.and_then(|post| post.content.author.clone()),
        html: post.map(|post| quotation(settings, stage, post, shown)),
        width: post.map(|_| shown.width),
        height: post.map(|_| shown.height),
        thumbnail_url: image.as_ref().map(|(url, ..)| url.clone()),
        thumbnail_width: image.as_ref().map(|(_, width, _)| *width),
        thumbnail_height: image.as_ref().map(|(.., height)| *height),
    }
}

fn quotation(settings: &HttpSettings, stage: &StageView, post: &PostView, room: Room) -> String {
    let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
    let url = page_of(settings, stage, post);
    let text = escape(&post.content.text).replace('\n', "<br>");
    let url = escape(&url);
    let Room { width, height } = room;
    format!(
        "<blockquote cite=\"{url}\" style=\"max-width:{width}px;max-height:{height}px;overflow:auto\">\
         <p>{text}</p><footer><a href=\"{url}\">{} – {}</a></footer></blockquote>",
        escape(&title(post, &stage.name)),
        escape(&stage.name)
    )
}

fn in_xml(embed: &Embed) -> std::io::Result<Vec<u8>> {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let fields = [
        ("version", Some(embed.version.to_owned())),
        ("type", Some(embed.kind.to_owned())),
        ("title", Some(embed.title.clone())),
        ("provider_name", Some(embed.provider_name.clone())),
        ("provider_url", Some(embed.provider_url.clone())),
        ("author_name", embed.author_name.clone()),
        ("html", embed.html.clone()),
        ("width", number(embed.width)),
        ("height", number(embed.height)),
        ("thumbnail_url", embed.thumbnail_url.clone()),
        ("thumbnail_width", number(embed.thumbnail_width)),
        ("thumbnail_height", number(embed.thumbnail_height)),
    ];
    xml::document("oembed", &[], |xml| {
        let given = fields.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        given.into_iter().try_for_each(|(name, value)| xml::text(xml, name, &[], value))
    })
}
