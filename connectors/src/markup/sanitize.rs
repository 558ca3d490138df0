use std::borrow::Cow;
use std::collections::HashSet;

use ammonia::{Builder, UrlRelative, UrlRelativeEvaluate};
use url::Url;

use super::{nesting, permitted};

/// Of the HTML of one post, in bytes.
const MAX_HTML: usize = 200_000;
/// Of what we try to make safe: markup that is dropped may take the rest.
const MAX_RAW: usize = 600_000;

/// HTML that is safe to show as it is: no scripts, styles, frames, forms or event handlers; links only to http,
/// https and mailto, without passing on our address or good name; pictures only from http and https, and none
/// that is there to be counted. Relative addresses are resolved against `base`; a mere `#note` is in `page`,
/// where the whole stands. At most 200,000 bytes.
pub(crate) fn sanitize(html: &str, base: &Url, page: Option<&Url>) -> String {
    let html = permitted(html);
    let html = prefix(&html, MAX_RAW);
    if nesting::is_excessive(html) {
        return from_text(&super::text::without_tags(html));
    }
    let builder = builder(base.clone(), page.unwrap_or(base).clone());
    let mut safe = clean(&builder, &without_noscript(html));
    let mut room = MAX_HTML;
    // Closing what was open at the cut adds a little, which the next round leaves room for.
    while safe.len() > MAX_HTML {
        room = room.saturating_sub(safe.len().min(MAX_HTML) / 20 + 1);
        safe = clean(&builder, whole_tags(prefix(&safe, room)));
    }
    safe.trim().to_owned()
}

/// Text as HTML: a paragraph between blank lines, a line break for each line.
pub(crate) fn from_text(text: &str) -> String {
    let text = permitted(text).replace("\r\n", "\n").replace('\r', "\n");
    let mut html = String::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        // A character takes six bytes at most once it is escaped, and a line its tags.
        let room = MAX_HTML.saturating_sub(html.len() + 20) / 6;
        if room == 0 {
            break;
        }
        match (line.is_empty(), open) {
            (true, true) => html.push_str("</p>"),
            (true, false) => {}
            (false, true) => html.push_str("<br>"),
            (false, false) => html.push_str("<p>"),
        }
        open = !line.is_empty();
        html.push_str(&escape(prefix(line, room)));
    }
    if open {
        html.push_str("</p>");
    }
    html
}

fn escape(text: &str) -> Cow<'_, str> {
    match text.contains(['&', '<', '>']) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
    }
}

/// Makes relative addresses absolute; drops what can't be.
struct Absolute {
    base: Url,
    page: Url,
}

impl UrlRelativeEvaluate<'static> for Absolute {
    fn evaluate<'a>(&self, address: &'a str) -> Option<Cow<'a, str>> {
        let around = if address.trim_start().starts_with('#') { &self.page } else { &self.base };
        around.join(address).ok().map(|url| Cow::Owned(url.into()))
    }
}

fn builder(base: Url, page: Url) -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .rm_tags(["area", "map"])
        .add_generic_attributes(["dir"])
        .add_clean_content_tags([
            "iframe", "math", "noembed", "noframes", "object", "select", "svg", "template", "textarea",
            "title",
        ])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Custom(Box::new(Absolute { base, page })))
        .link_rel(Some("noopener nofollow"));
    builder
}

fn clean(builder: &Builder<'_>, html: &str) -> String {
    let safe = builder.clean(html).to_string();
    // A character reference may have brought in what was removed above.
    let safe = permitted(&safe);
    if safe.contains("<img") { without_bad_images(&safe) } else { safe.into_owned() }
}

/// The HTML as the sanitiser writes it, without pictures that have no http address or are a dot to count
/// readers with. In its output `<` opens a tag, and `"` within an attribute is escaped.
fn without_bad_images(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find("<img") {
        let (before, tag) = rest.split_at(start);
        kept.push_str(before);
        let end = tag_end(tag);
        let (tag, after) = tag.split_at(end);
        let attribute =
            |name: &str| tag.split(&format!(" {name}=\"")).nth(1).and_then(|v| v.split('"').next());
        let shown =
            attribute("src").is_some_and(|src| src.starts_with("http://") || src.starts_with("https://"));
        let dot =
            |name: &str| attribute(name).is_some_and(|size| matches!(size.trim_end_matches("px"), "0" | "1"));
        if shown && !dot("width") && !dot("height") {
            kept.push_str(tag);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in tag.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

/// What stands in for a script that shows pictures later is what we want to show.
fn without_noscript(html: &str) -> Cow<'_, str> {
    let lower = html.to_ascii_lowercase();
    let mut kept = String::new();
    let mut from = 0;
    for (at, _) in lower.match_indices("noscript") {
        let before = lower.get(from..at).unwrap_or_default();
        let opening = if before.ends_with("</") { 2 } else { usize::from(before.ends_with('<')) };
        if opening > 0 {
            kept.push_str(&html[from..at - opening]);
            from = lower[at..].find('>').map_or(html.len(), |end| at + end + 1);
        }
    }
    if from == 0 {
        return Cow::Borrowed(html);
    }
    kept.push_str(&html[from..]);
    Cow::Owned(kept)
}

/// At most `max` bytes, whole characters.
pub(super) fn prefix(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Without a tag or a character reference that the cut left half.
fn whole_tags(html: &str) -> &str {
    let html = match html.rfind('<') {
        Some(at) if !html[at..].contains('>') => &html[..at],
        _ => html,
    };
    match html.rfind('&') {
        Some(at) if html.len() - at < 10 && !html[at..].contains(';') => &html[..at],
        _ => html,
    }
}
