//! Atom 1.0 (RFC 4287) and 0.3, which has other names for the dates and says with `mode` how content is written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stage_domain::post::{Media, MediaKind};
use url::Url;

use super::draft::{self, Body, Draft, DraftFeed, MAX_ITEMS};
use super::namespace::Ns;
use super::rss::{absolute, own_base};
use super::xml::Element;
use super::{dates, files, person};
use crate::{language, markup};

pub(super) fn read(root: &Element, address: &Url) -> DraftFeed {
    let base = match root.attribute("xml:base") {
        Some(_) => own_base(root, address),
        None => own_address(root).unwrap_or_else(|| address.clone()),
    };
    let around = Around { author: author(root), language: tag(root) };
    let entries = match root.name.as_str() {
        "entry" => vec![root],
        _ => own(root, "entry").collect(),
    };
    let title = if root.name == "entry" { None } else { own(root, "title").next().and_then(title) };
    DraftFeed {
        title,
        language: around.language.clone(),
        wait: None,
        items: entries.into_iter().take(MAX_ITEMS).map(|element| entry(element, &base, &around)).collect(),
    }
}

/// Where the feed says that it is to be fetched from. A copy of it, fetched elsewhere, must not lead readers to pages that
/// are not there.
fn own_address(root: &Element) -> Option<Url> {
    let own = own(root, "link").find(|link| link.attribute("rel") == Some("self"))?;
    absolute(own.attribute("href")?)
}

/// What an entry inherits from its feed.
struct Around {
    author: Option<String>,
    language: Option<String>,
}

fn entry(entry: &Element, outer: &Url, around: &Around) -> Draft {
    let base = own_base(entry, outer);
    let value = |name| own(entry, name).map(Element::text).find(|text| !text.is_empty());
    let date = |name| value(name).and_then(|text| dates::parse(&text));
    let updated = date("updated").or_else(|| date("modified"));
    let id = value("id");
    let source = own(entry, "source").next();
    let language = own(entry, "content").find_map(tag).or_else(|| tag(entry));
    let body = text_of(entry);
    let mut files = files::of_item(entry, &base);
    files.contents.splice(0..0, enclosures(entry, &base));
    Draft {
        title: own(entry, "title").next().and_then(title),
        link: link(entry, &base).or_else(|| id.as_deref().and_then(absolute)),
        author: author(entry).or_else(|| source.and_then(author)).or_else(|| around.author.clone()),
        language: language.or_else(|| source.and_then(tag)).or_else(|| around.language.clone()),
        categories: categories(entry),
        files,
        published: date("published")
            .or_else(|| date("issued"))
            .or_else(|| date("created"))
            .or_else(|| date("pubdate"))
            // RFC 4287 demands only this one, so that many feeds have no other.
            .or(updated),
        updated,
        id,
        base: body.as_ref().map_or(base.clone(), |(element, _)| own_base(element, &base)),
        body: body.map(|(_, body)| body),
    }
}

/// Elements of Atom, also where the namespace was forgotten.
fn own<'a>(element: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    element.elements().filter(move |child| child.is(Ns::Atom, name) || child.is(Ns::Core, name))
}

fn text_of(entry: &Element) -> Option<(&Element, Body)> {
    let atom =
        own(entry, "content").chain(own(entry, "summary")).find_map(|found| Some((found, body(found)?)));
    let media = || {
        let group = entry.first(Ns::Media, "group").unwrap_or(entry);
        let element =
            group.first(Ns::Media, "description").or_else(|| entry.first(Ns::Media, "description"))?;
        let text = element.text();
        let html = element.attribute("type") == Some("html");
        Some((element, if html { Body::html(text)? } else { Body::text(text)? }))
    };
    atom.or_else(media)
}

/// A text construct or `content`, unless it is elsewhere (`src`), no text at all, or empty.
pub(super) fn body(element: &Element) -> Option<Body> {
    match form(element) {
        Form::Text => Body::text(element.text()),
        Form::Html => Body::html(element.html()),
        Form::Xhtml => Body::html(element.markup()),
        Form::Base64 { html } => {
            let packed: String = element.text().split_whitespace().collect();
            let text = String::from_utf8(STANDARD.decode(packed).ok()?).ok()?;
            if html { Body::html(text) } else { Body::text(text) }
        }
        // The alternatives of Atom 0.3: the last is the richest.
        Form::Several => own(element, "content").filter_map(body).last(),
        Form::Unreadable => None,
    }
}

fn title(element: &Element) -> Option<String> {
    let title = match form(element) {
        Form::Text => markup::fold(&element.text()),
        Form::Html => markup::html_title(&element.html()),
        Form::Xhtml => markup::html_title(&element.markup()),
        Form::Base64 { .. } | Form::Several => match body(element)? {
            Body::Html(html) => markup::html_title(&html),
            Body::Text(text) => markup::fold(&text),
        },
        Form::Unreadable => return None,
    };
    Some(title).filter(|title| !title.is_empty())
}

enum Form {
    Text,
    Html,
    Xhtml,
    Base64 { html: bool },
    Several,
    Unreadable,
}

fn form(element: &Element) -> Form {
    if element.attribute("src").is_some() {
        return Form::Unreadable;
    }
    let written = element.attribute("type").unwrap_or("text").to_ascii_lowercase();
    let kind = written.split(';').next().unwrap_or_default().trim();
    let html = matches!(kind, "html" | "text/html" | "xhtml" | "application/xhtml+xml");
    let text = html || matches!(kind, "text" | "text/plain") || kind.starts_with("text/");
    match (element.attribute("mode").map(str::to_ascii_lowercase).as_deref(), kind) {
        (_, "multipart/alternative") => Form::Several,
        (Some("base64"), _) if text => Form::Base64 { html },
        (Some("escaped"), _) if html => Form::Html,
        (_, "xhtml" | "application/xhtml+xml") => Form::Xhtml,
        // In Atom 0.3 elements stand in the content unless the mode says otherwise; some forget to say.
        (_, "html" | "text/html") => Form::Html,
        (_, "text" | "text/plain") if element.elements().next().is_some() => Form::Xhtml,
        (_, "text" | "text/plain" | "text/markdown" | "text/x-markdown") => Form::Text,
        (_, kind) if kind.ends_with("+xml") || kind.ends_with("/xml") => Form::Unreadable,
        (_, kind) if kind.starts_with("text/") => Form::Text,
        _ => Form::Unreadable,
    }
}

/// The alternate, a page before anything else; where there is none, what the entry is about.
fn link(entry: &Element, base: &Url) -> Option<Url> {
    let original = entry.value(Ns::FeedBurner, "origlink").and_then(|address| draft::resolve(base, &address));
    let relation = |link: &Element| link.attribute("rel").unwrap_or("alternate").to_ascii_lowercase();
    let is_page = |link: &Element| link.attribute("type").is_none_or(|kind| kind.contains("html"));
    let links = |wanted: &'static str, pages: bool| {
        own(entry, "link")
            .filter(move |link| {
                relation(link).rsplit('/').next() == Some(wanted) && (!pages || is_page(link))
            })
            .find_map(|link| draft::resolve(&own_base(link, base), link.attribute("href")?))
    };
    original
        .or_else(|| links("alternate", true))
        .or_else(|| links("alternate", false))
        .or_else(|| links("related", true))
        .or_else(|| {
            let source = own(entry, "content").find_map(|content| content.attribute("src"));
            source.and_then(|source| draft::resolve(base, source))
        })
}

fn enclosures(entry: &Element, base: &Url) -> Vec<Media> {
    let links = own(entry, "link").filter(|link| link.attribute("rel") == Some("enclosure"));
    let linked = links.filter_map(|link| {
        let url = draft::resolve(&own_base(link, base), link.attribute("href")?)?;
        let content_type = link.attribute("type").and_then(files::content_type);
        let media = draft::media(files::kind(None, content_type.as_deref(), &url), url);
        let bytes =
            link.attribute("length").and_then(|length| length.parse().ok()).filter(|bytes| *bytes > 0);
        Some(Media { content_type, alt: link.attribute("title").map(markup::fold), bytes, ..media })
    });
    // Content that is elsewhere and is a picture, a film or a sound.
    let content = own(entry, "content").filter_map(|content| {
        let url = draft::resolve(&own_base(content, base), content.attribute("src")?)?;
        let content_type = content.attribute("type").and_then(files::content_type)?;
        let kind = files::kind(None, Some(&content_type), &url);
        (kind != MediaKind::Other)
            .then(|| Media { content_type: Some(content_type), ..draft::media(kind, url) })
    });
    linked.chain(content).collect()
}

fn author(element: &Element) -> Option<String> {
    let names = own(element, "author").filter_map(|author| {
        let name = own(author, "name").map(Element::text).find(|name| !name.is_empty());
        // Some write the name without its element.
        let bare = || author.elements().next().is_none().then(|| author.text());
        person::name(&name.or_else(bare)?)
    });
    let creators = element.all(Ns::Dc, "creator").filter_map(|creator| person::name(&creator.text()));
    person::join(names.chain(creators))
}

fn categories(entry: &Element) -> Vec<String> {
    let atom = own(entry, "category").filter_map(|category| {
        let label = category.attribute("label").or(category.attribute("term")).map(str::to_owned);
        label.or_else(|| Some(category.text()))
    });
    let subjects = entry.all(Ns::Dc, "subject").map(Element::text);
    let group = entry.first(Ns::Media, "group").unwrap_or(entry);
    let keywords = group.value(Ns::Media, "keywords").unwrap_or_default();
    atom.chain(subjects).chain(keywords.split(',').map(str::to_owned)).collect()
}

fn tag(element: &Element) -> Option<String> {
    element.attribute("xml:lang").and_then(language::tag)
}
