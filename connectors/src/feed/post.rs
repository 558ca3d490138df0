//! From a draft to a post: made safe, plain, bounded, with its media in order.

use stage_domain::post::{Media, MediaKind, PostContent};
use url::Url;

use super::draft::{self, Body, Draft, Files};
use super::files::{is_played, largest};
use crate::{language, markup};

const MAX_TITLE: usize = 500;
const MAX_AUTHOR: usize = 200;
const MAX_CATEGORIES: usize = 50;
const MAX_CATEGORY: usize = 100;
const MAX_MEDIA: usize = 50;
const MAX_ALT: usize = 1000;
/// Smaller pictures are icons and smileys.
const MIN_IMAGE: u32 = 32;

/// `None` where nothing is left to show.
pub(super) fn content(draft: Draft, feed_language: Option<&str>) -> Option<PostContent> {
    let (html, text) = match draft.body {
        None => (None, String::new()),
        Some(Body::Html(html)) => {
            let html = markup::sanitize(&html, &draft.base, draft.link.as_ref());
            let text = markup::plain(&html);
            (Some(html), text)
        }
        Some(Body::Text(text)) => {
            let html = markup::from_text(&text);
            let text = markup::plain(&html);
            (Some(html), text)
        }
    };
    let html = html.filter(|html| !html.is_empty());
    let media = media(draft.files, html.as_deref());
    let title = draft.title.map(|title| bounded(&title, MAX_TITLE)).filter(|title| !title.is_empty());
    if title.is_none() && text.is_empty() && media.is_empty() {
        return None;
    }
    let told = draft.language.or_else(|| feed_language.map(str::to_owned));
    let language = told.or_else(|| match &title {
        Some(title) => language::detect(&format!("{title}\n{text}")),
        None => language::detect(&text),
    });
    Some(PostContent {
        title,
        html,
        text,
        permalink: draft.link,
        author: draft.author.map(|author| bounded(&author, MAX_AUTHOR)).filter(|author| !author.is_empty()),
        language,
        categories: categories(draft.categories),
        media,
        published_at: draft.published,
        updated_at: draft.updated,
    })
}

fn bounded(text: &str, max: usize) -> String {
    markup::cut(markup::fold(text), max)
}

/// In the feed's order, none twice.
fn categories(found: Vec<String>) -> Vec<String> {
    let mut categories: Vec<String> = vec![];
    let mut seen: Vec<String> = vec![];
    for category in found {
        let category = bounded(&markup::title(&category), MAX_CATEGORY);
        let key = category.to_lowercase();
        if !category.is_empty() && !seen.contains(&key) {
            seen.push(key);
            categories.push(category);
            if categories.len() == MAX_CATEGORIES {
                break;
            }
        }
    }
    categories
}

/// The contents; a picture for what has none; and where the feed names no picture at all, those in the text.
fn media(files: Files, html: Option<&str>) -> Vec<Media> {
    let Files { contents, pictures } = files;
    let mut media = without_duplicates(contents.into_iter().take(4 * MAX_MEDIA));
    let cover = largest(&pictures).cloned();
    if let Some(cover) = cover {
        let mut used = false;
        for played in media.iter_mut().filter(|media| is_played(media)) {
            used |= played.preview.get_or_insert_with(|| cover.url.clone()) == &cover.url;
        }
        if !used && !media.iter().any(|media| media.kind == MediaKind::Image) {
            media.push(cover);
        }
    }
    // A picture that is the preview of a film or a sound is shown there.
    let previews: Vec<Url> = media.iter().filter_map(|media| media.preview.clone()).collect();
    media.retain(|media| media.kind != MediaKind::Image || !previews.contains(&media.url));
    if !media.iter().any(|media| media.kind == MediaKind::Image || media.preview.is_some()) {
        let shown = markup::images(html.unwrap_or_default()).into_iter();
        let shown = shown.filter(|image| {
            image.width.is_none_or(|width| width > MIN_IMAGE)
                || image.height.is_none_or(|height| height > MIN_IMAGE)
        });
        media.extend(shown.take(MAX_MEDIA).filter_map(|image| {
            let url = draft::resolve(&image.url, image.url.as_str())?;
            let found = draft::media(MediaKind::Image, url);
            Some(Media { alt: image.alt, width: image.width, height: image.height, ..found })
        }));
        media = without_duplicates(media);
    }
    media.truncate(MAX_MEDIA);
    for one in &mut media {
        one.alt = one.alt.take().map(|alt| bounded(&alt, MAX_ALT)).filter(|alt| !alt.is_empty());
    }
    media
}

/// One entry for an address, and for a picture in several widths the widest.
fn without_duplicates(found: impl IntoIterator<Item = Media>) -> Vec<Media> {
    let mut kept: Vec<Media> = vec![];
    for media in found {
        match kept.iter_mut().find(|other| is_same(other, &media)) {
            None => kept.push(media),
            Some(other) => {
                let wider = media.width > other.width;
                let (better, spare) = if wider { (media, other.clone()) } else { (other.clone(), media) };
                *other = Media {
                    content_type: better.content_type.or(spare.content_type),
                    alt: better.alt.or(spare.alt),
                    width: better.width.or(spare.width),
                    height: better.height.or(spare.height),
                    preview: better.preview.or(spare.preview),
                    duration: better.duration.or(spare.duration),
                    bytes: better.bytes.or(spare.bytes),
                    kind: if better.kind == MediaKind::Other { spare.kind } else { better.kind },
                    url: better.url,
                };
            }
        }
    }
    kept
}

/// The same address, or the same picture asked for in another width.
fn is_same(one: &Media, other: &Media) -> bool {
    if one.url == other.url {
        return true;
    }
    let bare = |media: &Media| {
        let mut url = media.url.clone();
        url.set_query(None);
        url
    };
    let sized = |media: &Media| {
        media.kind == MediaKind::Image && media.width.is_some() && media.url.query().is_some()
    };
    sized(one) && sized(other) && one.width != other.width && bare(one) == bare(other)
}
