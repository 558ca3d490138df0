use std::io;

use stage_projections::feed::PostView;

use super::{
    Feed, Format, dated,
    entry::tags,
    rfc3339, title,
    xml::{Xml, document, empty, text, within},
};

pub(super) fn write(feed: &Feed<'_>) -> io::Result<Vec<u8>> {
    let namespace = ("xmlns", "http://www.w3.org/2005/Atom");
    let language = feed.language().map(|language| ("xml:lang", language));
    let attributes: Vec<_> = [Some(namespace), language].into_iter().flatten().collect();
    document("feed", &attributes, |xml| {
        text(xml, "id", &[], &feed.id().urn().to_string())?;
        text(xml, "title", &[], &feed.stage.name)?;
        text(xml, "updated", &[], &rfc3339(feed.updated()))?;
        // Where an entry names no author, the stage is (RFC 4287, 4.1.1).
        within(xml, "author", &[], |xml| text(xml, "name", &[], &feed.stage.name))?;
        text(xml, "generator", &[("version", env!("CARGO_PKG_VERSION"))], "Stage")?;
        link(xml, "self", &feed.own, Format::Atom.kind())?;
        link(xml, "alternate", &feed.home(), "text/html")?;
        if let Some(hub) = feed.hub() {
            empty(xml, "link", &[("rel", "hub"), ("href", hub)])?;
        }
        if let Some(next) = &feed.next {
            link(xml, "next", next, Format::Atom.kind())?;
        }
        feed.posts.iter().try_for_each(|post| entry(xml, feed, post))
    })
}

fn link(xml: &mut Xml, rel: &str, href: &str, kind: &str) -> io::Result<()> {
    // The type is a hint; a parameter would only be one more thing to be wrong.
    let kind = kind.split(';').next().unwrap_or(kind);
    empty(xml, "link", &[("rel", rel), ("type", kind), ("href", href)])
}

fn entry(xml: &mut Xml, feed: &Feed<'_>, post: &PostView) -> io::Result<()> {
    let content = &post.content;
    let language = content.language.as_deref().map(|language| ("xml:lang", language));
    let attributes: Vec<_> = language.into_iter().collect();
    within(xml, "entry", &attributes, |xml| {
        text(xml, "id", &[], &post.id.0.urn().to_string())?;
        text(xml, "title", &[], &title(post, &feed.stage.name))?;
        text(xml, "published", &[], &rfc3339(dated(post)))?;
        text(xml, "updated", &[], &rfc3339(post.revised_at.unwrap_or_else(|| dated(post))))?;
        if let Some(author) = content.author.as_deref().filter(|author| !author.trim().is_empty()) {
            within(xml, "author", &[], |xml| text(xml, "name", &[], author))?;
        }
        link(xml, "alternate", &feed.page(post), "text/html")?;
        if let Some(permalink) = &content.permalink {
            empty(xml, "link", &[("rel", "via"), ("href", permalink.as_str())])?;
        }
        for tag in tags(post) {
            empty(xml, "category", &[("term", tag)])?;
        }
        for media in &content.media {
            let bytes = media.bytes.map(|bytes| bytes.to_string());
            let mut attributes = vec![("rel", "enclosure"), ("href", media.url.as_str())];
            attributes.extend(media.content_type.as_deref().map(|kind| ("type", kind)));
            attributes.extend(bytes.as_deref().map(|bytes| ("length", bytes)));
            attributes.extend(media.alt.as_deref().map(|alt| ("title", alt)));
            empty(xml, "link", &attributes)?;
        }
        match &content.html {
            Some(html) => text(xml, "content", &[("type", "html")], html),
            None => text(xml, "content", &[("type", "text")], &content.text),
        }
    })
}
