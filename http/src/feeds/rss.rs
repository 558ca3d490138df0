use std::io;

use chrono::{DateTime, Utc};
use stage_projections::feed::PostView;

use super::{
    Feed, Format, dated,
    entry::tags,
    title,
    xml::{Xml, document, empty, text, within},
};

pub(super) fn write(feed: &Feed<'_>) -> io::Result<Vec<u8>> {
    let attributes = [
        ("version", "2.0"),
        ("xmlns:atom", "http://www.w3.org/2005/Atom"),
        ("xmlns:content", "http://purl.org/rss/1.0/modules/content/"),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ];
    document("rss", &attributes, |xml| {
        within(xml, "channel", &[], |xml| {
            text(xml, "title", &[], &feed.stage.name)?;
            text(xml, "link", &[], &feed.home())?;
            text(xml, "description", &[], &feed.stage.name)?;
            if let Some(language) = feed.language() {
                text(xml, "language", &[], language)?;
            }
            text(xml, "lastBuildDate", &[], &rfc822(feed.updated()))?;
            text(xml, "generator", &[], concat!("Stage ", env!("CARGO_PKG_VERSION")))?;
            text(xml, "docs", &[], "https://www.rssboard.org/rss-specification")?;
            let kind = Format::Rss.kind().split(';').next().unwrap_or_default();
            empty(xml, "atom:link", &[("rel", "self"), ("type", kind), ("href", &feed.own)])?;
            if let Some(hub) = feed.hub() {
                empty(xml, "atom:link", &[("rel", "hub"), ("href", hub)])?;
            }
            if let Some(next) = &feed.next {
                empty(xml, "atom:link", &[("rel", "next"), ("type", kind), ("href", next)])?;
            }
            feed.posts.iter().try_for_each(|post| item(xml, feed, post))
        })
    })
}

fn item(xml: &mut Xml, feed: &Feed<'_>, post: &PostView) -> io::Result<()> {
    let content = &post.content;
    within(xml, "item", &[], |xml| {
        text(xml, "title", &[], &title(post, &feed.stage.name))?;
        text(xml, "link", &[], &feed.page(post))?;
        text(xml, "guid", &[("isPermaLink", "false")], &post.id.0.urn().to_string())?;
        text(xml, "pubDate", &[], &rfc822(dated(post)))?;
        // `author` would have to be an e-mail address.
        if let Some(author) = content.author.as_deref().filter(|author| !author.trim().is_empty()) {
            text(xml, "dc:creator", &[], author)?;
        }
        if let Some(language) = &content.language {
            text(xml, "dc:language", &[], language)?;
        }
        for tag in tags(post) {
            text(xml, "category", &[], tag)?;
        }
        // One, and only with a size: the format asks for it.
        let enclosure = content.media.iter().find_map(|media| {
            Some((media.url.as_str(), media.content_type.as_deref()?, media.bytes?.to_string()))
        });
        if let Some((url, kind, bytes)) = &enclosure {
            empty(xml, "enclosure", &[("url", url), ("length", bytes), ("type", kind)])?;
        }
        text(xml, "description", &[], &escaped(&content.text))?;
        match &content.html {
            Some(html) => text(xml, "content:encoded", &[], html),
            None => Ok(()),
        }
    })
}

/// The description is read as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}

/// With four digits for the year, as RSS prefers.
fn rfc822(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
