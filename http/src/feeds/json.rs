//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use std::io;

use serde::Serialize;
use stage_domain::post::{Media, MediaKind};
use stage_projections::feed::PostView;
use utoipa::ToSchema;

use super::{Feed, dated, entry::tags, rfc3339, title};

/// A page of a stage's posts as JSON Feed 1.1.
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonFeed {
    #[schema(example = "https://jsonfeed.org/version/1.1")]
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    authors: Vec<JsonAuthor>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    hubs: Vec<JsonHub>,
    items: Vec<JsonItem>,
}

/// Who wrote it.
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonAuthor {
    name: String,
}

/// Who tells of news.
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonHub {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

/// A post.
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonItem {
    id: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<String>,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<String>,
    content_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    date_published: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    authors: Vec<JsonAuthor>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    attachments: Vec<JsonAttachment>,
}

/// A file that belongs to a post.
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonAttachment {
    url: String,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u32>,
}

pub(super) fn write(feed: &Feed<'_>) -> io::Result<Vec<u8>> {
    let hubs = feed.hub().map(|hub| JsonHub { kind: "WebSub", url: hub.to_owned() });
    let whole = JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: feed.stage.name.clone(),
        home_page_url: feed.home(),
        feed_url: feed.own.clone(),
        next_url: feed.next.clone(),
        language: feed.language().map(str::to_owned),
        authors: vec![JsonAuthor { name: feed.stage.name.clone() }],
        hubs: hubs.into_iter().collect(),
        items: feed.posts.iter().map(|post| item(feed, post)).collect(),
    };
    Ok(serde_json::to_vec(&whole)?)
}

fn item(feed: &Feed<'_>, post: &PostView) -> JsonItem {
    let content = &post.content;
    let image = content.media.iter().find(|media| media.kind == MediaKind::Image);
    let author = content.author.as_ref().map(|name| JsonAuthor { name: name.clone() });
    JsonItem {
        id: post.id.0.urn().to_string(),
        url: feed.page(post),
        external_url: content.permalink.as_ref().map(ToString::to_string),
        title: title(post, &feed.stage.name),
        content_html: content.html.clone(),
        content_text: content.text.clone(),
        image: image.map(|media| media.url.to_string()),
        date_published: rfc3339(dated(post)),
        date_modified: post.revised_at.map(rfc3339),
        authors: author.into_iter().collect(),
        tags: tags(post).into_iter().map(str::to_owned).collect(),
        language: content.language.clone(),
        attachments: content.media.iter().filter_map(attachment).collect(),
    }
}

/// The format asks for a type.
fn attachment(media: &Media) -> Option<JsonAttachment> {
    Some(JsonAttachment {
        url: media.url.to_string(),
        mime_type: media.content_type.clone()?,
        title: media.alt.clone(),
        size_in_bytes: media.bytes,
        duration_in_seconds: media.duration,
    })
}
