//! RSS 0.90 to 0.94, 1.0 and 2.0. They differ in where the items are, in namespaces and in what is allowed, but
//! an element of one name means the same in all of them.

use std::time::Duration;

use url::Url;

use super::draft::{self, Body, Draft, DraftFeed, MAX_ITEMS};
use super::namespace::Ns;
use super::xml::Element;
use super::{dates, files, person};
use crate::{language, markup};

pub(super) fn read(root: &Element, address: &Url) -> DraftFeed {
    let channel = root.first(Ns::Core, "channel").unwrap_or(root);
    let outer = own_base(root, address);
    let explicit = [root, channel].iter().any(|element| element.attribute("xml:base").is_some());
    let mut base = own_base(channel, &outer);
    if !explicit {
        // Relative addresses are meant as they would work on the site itself.
        let link = channel.value(Ns::Core, "link").and_then(|link| draft::resolve(&base, &link));
        base = link.unwrap_or(base);
    }
    let items = channel.all(Ns::Core, "item");
    // RSS 0.90 and 1.0 put them beside the channel.
    let beside = root.all(Ns::Core, "item").filter(|_| !std::ptr::eq(root, channel));
    DraftFeed {
        title: channel
            .value(Ns::Core, "title")
            .or_else(|| channel.value(Ns::Dc, "title"))
            .map(|t| markup::title(&t)),
        language: tag(channel).or_else(|| tag(root)),
        wait: wait(channel),
        items: items.chain(beside).take(MAX_ITEMS).map(|element| item(element, &base)).collect(),
    }
}

/// The base that `xml:base` sets, else the one around.
pub(super) fn own_base(element: &Element, outer: &Url) -> Url {
    let base = element.attribute("xml:base").and_then(|base| draft::resolve(outer, base));
    base.unwrap_or_else(|| outer.clone())
}

fn item(item: &Element, outer: &Url) -> Draft {
    let base = own_base(item, outer);
    let guid = item.first(Ns::Core, "guid");
    let id = guid.map(Element::text).filter(|id| !id.is_empty());
    let id = id.or_else(|| item.value(Ns::Atom, "id"));
    let id = id.or_else(|| item.attribute("rdf:about").map(str::to_owned));
    let link = link(item, guid, &base);
    let title = [Ns::Core, Ns::Dc, Ns::Media, Ns::Itunes].into_iter().find_map(|ns| item.value(ns, "title"));
    let date = |ns, name| item.value(ns, name).and_then(|text| dates::parse(&text));
    let body = body(item);
    Draft {
        id,
        title: title.map(|title| markup::title(&title)),
        link,
        author: author(item),
        language: tag(item),
        categories: categories(item),
        files: files::of_item(item, &base),
        published: date(Ns::Core, "pubdate")
            .or_else(|| date(Ns::Dc, "date"))
            .or_else(|| date(Ns::Atom, "published"))
            .or_else(|| date(Ns::Dc, "issued"))
            .or_else(|| date(Ns::Dc, "created"))
            .or_else(|| date(Ns::Core, "date")),
        updated: date(Ns::Atom, "updated")
            .or_else(|| date(Ns::Dc, "modified"))
            .or_else(|| date(Ns::Core, "updated")),
        base: body.as_ref().map_or(base.clone(), |(element, _)| own_base(element, &base)),
        body: body.map(|(_, body)| body),
    }
}

/// The address of the post itself: FeedBurner's `link` counts clicks, `origLink` does not.
fn link(item: &Element, guid: Option<&Element>, base: &Url) -> Option<Url> {
    let resolve = |address: String| draft::resolve(base, &address);
    let original = || item.value(Ns::FeedBurner, "origlink").and_then(resolve);
    let plain = || item.value(Ns::Core, "link").and_then(resolve);
    let atom = || {
        let alternate = |link: &&Element| link.attribute("rel").is_none_or(|rel| rel == "alternate");
        let href = item.all(Ns::Atom, "link").find(alternate)?.attribute("href")?;
        draft::resolve(base, href)
    };
    let permanent = || {
        let guid = guid.filter(|guid| guid.attribute("ispermalink").is_none_or(|is| is != "false"))?;
        absolute(&guid.text())
    };
    let about = || item.attribute("rdf:about").and_then(absolute);
    original().or_else(plain).or_else(atom).or_else(permanent).or_else(about)
}

/// An id that is an address at the same time.
pub(super) fn absolute(id: &str) -> Option<Url> {
    let url = Url::parse(id.trim()).ok()?;
    draft::resolve(&url, id)
}

/// The whole text before excerpts of it, with the element that holds it.
fn body(item: &Element) -> Option<(&Element, Body)> {
    let whole = [(Ns::Content, "encoded"), (Ns::Xhtml, "body"), (Ns::Xhtml, "div"), (Ns::Core, "fulltext")];
    let excerpts = [(Ns::Core, "description"), (Ns::Dc, "description"), (Ns::Core, "content")];
    for (ns, name) in whole.into_iter().chain(excerpts) {
        for element in item.all(ns, name) {
            let html = if ns == Ns::Xhtml { element.markup() } else { element.html() };
            if let Some(body) = Body::html(html) {
                return Some((element, body));
            }
        }
    }
    for name in ["content", "summary"] {
        if let Some(element) = item.first(Ns::Atom, name)
            && let Some(body) = super::atom::body(element)
        {
            return Some((element, body));
        }
    }
    let group = item.first(Ns::Media, "group").unwrap_or(item);
    let described =
        [(item, Ns::Itunes, "summary"), (item, Ns::Media, "description"), (group, Ns::Media, "description")];
    described.into_iter().find_map(|(parent, ns, name)| {
        let element = parent.first(ns, name)?;
        Some((element, Body::html(element.html())?))
    })
}

fn author(item: &Element) -> Option<String> {
    let names =
        |ns, name| person::join(item.all(ns, name).filter_map(|element| person::name(&element.text())));
    let atom = || {
        let names =
            item.all(Ns::Atom, "author").filter_map(|author| person::name(&author.value(Ns::Atom, "name")?));
        person::join(names)
    };
    names(Ns::Dc, "creator")
        .or_else(|| names(Ns::Core, "author"))
        .or_else(atom)
        .or_else(|| names(Ns::Itunes, "author"))
}

fn categories(item: &Element) -> Vec<String> {
    let mut categories: Vec<String> = item
        .elements()
        .filter(|child| child.is(Ns::Core, "category") || child.is(Ns::Dc, "subject"))
        .map(Element::text)
        .collect();
    for atom in item.all(Ns::Atom, "category") {
        categories.extend(atom.attribute("label").or(atom.attribute("term")).map(str::to_owned));
    }
    for ns in [Ns::Itunes, Ns::Media] {
        let keywords = item.value(ns, "keywords").unwrap_or_default();
        categories.extend(keywords.split(',').map(str::to_owned));
    }
    categories
}

fn tag(element: &Element) -> Option<String> {
    let own = element.attribute("xml:lang").and_then(language::tag);
    let value = |ns| element.value(ns, "language").and_then(|text| language::tag(&text));
    value(Ns::Core).or_else(|| value(Ns::Dc)).or(own)
}

/// `ttl` is in minutes; RSS 1.0 has a period and how many times in it.
fn wait(channel: &Element) -> Option<Duration> {
    if let Some(ttl) = channel.value(Ns::Core, "ttl") {
        return ttl.parse::<u64>().ok().and_then(|minutes| minutes.checked_mul(60)).map(Duration::from_secs);
    }
    let period = match channel.value(Ns::Syndication, "updateperiod")?.to_ascii_lowercase().as_str() {
        "hourly" => 3600,
        "daily" => 24 * 3600,
        "weekly" => 7 * 24 * 3600,
        "monthly" => 30 * 24 * 3600,
        _ => return None,
    };
    let times =
        channel.value(Ns::Syndication, "updatefrequency").and_then(|times| times.parse().ok()).unwrap_or(1);
    Some(Duration::from_secs(period / u64::max(times, 1)))
}
