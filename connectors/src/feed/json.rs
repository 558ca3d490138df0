//! JSON Feed 1.0 and 1.1, read forgivingly: a field of the wrong type is as good as absent.

use serde_json::Value;
use stage_domain::post::{Media, MediaKind};
use url::Url;

use super::draft::{self, Body, Draft, DraftFeed, Files, MAX_ITEMS};
use super::{dates, files, person};
use crate::{language, markup};

/// `None` where the JSON is something else than a feed.
pub(super) fn read(root: &Value, address: &Url) -> Option<DraftFeed> {
    let items = root.get("items")?.as_array()?;
    let version = string(root, "version").unwrap_or_default();
    if !version.contains("jsonfeed.org/version/1") && !root.get("title").is_some_and(Value::is_string) {
        return None;
    }
    let base = string(root, "home_page_url").and_then(|home| draft::resolve(address, home));
    let base = base.unwrap_or_else(|| address.clone());
    let author = author(root);
    let language = string(root, "language").and_then(language::tag);
    let items = items.iter().filter(|item| item.is_object());
    Some(DraftFeed {
        title: string(root, "title").map(markup::title),
        language,
        wait: None,
        items: items.take(MAX_ITEMS).map(|value| item(value, &base, author.as_deref())).collect(),
    })
}

fn item(item: &Value, base: &Url, feed_author: Option<&str>) -> Draft {
    let link = |name| string(item, name).and_then(|address| draft::resolve(base, address));
    let id = match item.get("id") {
        Some(Value::String(id)) => Some(id.trim().to_owned()).filter(|id| !id.is_empty()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let body = string(item, "content_html").and_then(|html| Body::html(html.to_owned()));
    let text = |name| string(item, name).and_then(|text| Body::text(text.to_owned()));
    let date = |name| string(item, name).and_then(dates::parse);
    let tags = item.get("tags").and_then(Value::as_array).into_iter().flatten();
    Draft {
        title: string(item, "title").map(markup::title),
        body: body.or_else(|| text("content_text")).or_else(|| text("summary")),
        link: link("url").or_else(|| super::rss::absolute(id.as_deref()?)).or_else(|| link("external_url")),
        author: author(item).or_else(|| feed_author.map(str::to_owned)),
        language: string(item, "language").and_then(language::tag),
        categories: tags.filter_map(Value::as_str).map(str::to_owned).collect(),
        files: attachments(item, base),
        published: date("date_published"),
        updated: date("date_modified"),
        base: base.clone(),
        id,
    }
}

/// Version 1.1 has `authors`, 1.0 has one `author`.
fn author(value: &Value) -> Option<String> {
    let several = value.get("authors").and_then(Value::as_array).into_iter().flatten();
    let names = |authors: &mut dyn Iterator<Item = &Value>| {
        person::join(authors.filter_map(|author| person::name(string(author, "name")?)))
    };
    names(&mut several.into_iter()).or_else(|| names(&mut value.get("author").into_iter()))
}

fn attachments(item: &Value, base: &Url) -> Files {
    let list = item.get("attachments").and_then(Value::as_array).into_iter().flatten();
    let contents = list.filter_map(|attachment| {
        let url = draft::resolve(base, string(attachment, "url")?)?;
        let content_type = string(attachment, "mime_type").and_then(files::content_type);
        let media = draft::media(files::kind(None, content_type.as_deref(), &url), url);
        // Whole numbers, which some write with a fraction.
        let number = |name| attachment.get(name)?.as_f64().filter(|n| *n >= 1.0 && *n < 1e15);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
        let whole = |name| number(name).map(|number| number as u64);
        Some(Media {
            content_type,
            alt: string(attachment, "title").map(markup::fold),
            duration: whole("duration_in_seconds").and_then(|seconds| u32::try_from(seconds).ok()),
            bytes: whole("size_in_bytes"),
            ..media
        })
    });
    let picture = |name| {
        let url = draft::resolve(base, string(item, name)?)?;
        Some(draft::media(MediaKind::Image, url))
    };
    Files {
        contents: contents.collect(),
        pictures: ["image", "banner_image"].into_iter().filter_map(picture).collect(),
    }
}

fn string<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}
