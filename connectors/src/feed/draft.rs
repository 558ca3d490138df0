//! What a format's reader finds, before it becomes a post: each format fills the same fields.

use std::time::Duration;

use chrono::{DateTime, Utc};
use stage_domain::post::{Media, MediaKind};
use url::Url;

/// More items than this are not looked at.
pub(super) const MAX_ITEMS: usize = 10_000;

#[derive(Default)]
pub(super) struct DraftFeed {
    pub(super) title: Option<String>,
    pub(super) language: Option<String>,
    /// How long the feed asks to wait between two polls.
    pub(super) wait: Option<Duration>,
    pub(super) items: Vec<Draft>,
}

pub(super) struct Draft {
    /// The network's id, where it gives one.
    pub(super) id: Option<String>,
    /// Plain text.
    pub(super) title: Option<String>,
    pub(super) body: Option<Body>,
    pub(super) link: Option<Url>,
    pub(super) author: Option<String>,
    pub(super) language: Option<String>,
    pub(super) categories: Vec<String>,
    pub(super) files: Files,
    pub(super) published: Option<DateTime<Utc>>,
    pub(super) updated: Option<DateTime<Utc>>,
    /// What relative addresses in the body refer to.
    pub(super) base: Url,
}

pub(super) enum Body {
    Html(String),
    Text(String),
}

impl Body {
    pub(super) fn html(html: String) -> Option<Self> {
        (!html.trim().is_empty()).then_some(Self::Html(html))
    }

    pub(super) fn text(text: String) -> Option<Self> {
        (!text.trim().is_empty()).then_some(Self::Text(text))
    }
}

/// The files that belong to an item.
#[derive(Default)]
pub(super) struct Files {
    pub(super) contents: Vec<Media>,
    /// Pictures that stand for the whole: thumbnails, covers. Often several sizes of one.
    pub(super) pictures: Vec<Media>,
}

/// Media of which only the kind and the address are known.
pub(super) fn media(kind: MediaKind, url: Url) -> Media {
    Media {
        kind,
        url,
        content_type: None,
        alt: None,
        width: None,
        height: None,
        preview: None,
        duration: None,
        bytes: None,
    }
}

/// An absolute http or https address without credentials; relative ones refer to `base`.
pub(super) fn resolve(base: &Url, address: &str) -> Option<Url> {
    let address = address.trim();
    if address.is_empty() || address.len() > 4000 {
        return None;
    }
    let mut url = match address.starts_with("www.") {
        true => Url::parse(&format!("https://{address}")).ok()?,
        false => base.join(address).ok()?,
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
    }
    Some(url)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_absolute_and_of_the_web() {
        let base = Url::parse("https://example.org/blog/feed.xml").unwrap();
        let resolved = |address| resolve(&base, address).map(String::from);
        assert_eq!(resolved(" a b "), Some("https://example.org/blog/a%20b".into()));
        assert_eq!(resolved("//cdn.example.org/x"), Some("https://cdn.example.org/x".into()));
        assert_eq!(resolved("www.example.net/x"), Some("https://www.example.net/x".into()));
        assert_eq!(resolved("http://me:secret@example.org/"), Some("http://example.org/".into()));
        for wrong in ["", "javascript:alert(1)", "data:image/png;base64,", "mailto:a@b.c", "http://"] {
            assert_eq!(resolved(wrong), None, "{wrong}");
        }
    }
}
