//! XML as feeds hold it, which is not always XML: a tree that forgives what can be forgiven.
//!
//! Undeclared prefixes mean what they usually mean, HTML's entities are known, end tags may be missing, a `<` or
//! `&` may stand alone, and a document that breaks off keeps the items that were complete.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::entities::{Entities, is_reference};
use super::namespace::{Ns, Scope};
use crate::markup;

/// Deeper elements are dissolved in the one that holds them, so that recursion over the tree is safe.
const MAX_DEPTH: usize = 100;
const MAX_ELEMENTS: usize = 400_000;
const MAX_ATTRIBUTES: usize = 60;

#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) ns: Ns,
    /// The local name in lower case.
    pub(super) name: String,
    /// Names in lower case; with the usual prefix where they have a namespace ("xml:base", "rdf:about").
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    pub(super) fn is(&self, ns: Ns, name: &str) -> bool {
        self.ns == ns && self.name == name
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(found, _)| found == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    pub(super) fn elements(&self) -> impl DoubleEndedIterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    pub(super) fn all(&self, ns: Ns, name: &str) -> impl DoubleEndedIterator<Item = &Self> {
        self.elements().filter(move |child| child.is(ns, name))
    }

    pub(super) fn first(&self, ns: Ns, name: &str) -> Option<&Self> {
        self.all(ns, name).next()
    }

    /// The characters of a child, trimmed; `None` where there are none.
    pub(super) fn value(&self, ns: Ns, name: &str) -> Option<String> {
        self.all(ns, name).map(Self::text).find(|text| !text.is_empty())
    }

    /// All characters inside, trimmed.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.collect(&mut text);
        text.trim().to_owned()
    }

    fn collect(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(piece) => text.push_str(piece),
                Node::Element(element) => element.collect(text),
            }
        }
    }

    /// The content as HTML: the characters, which are escaped HTML, or the elements where there are some.
    pub(super) fn html(&self) -> String {
        match self.elements().next() {
            None => self.text(),
            Some(_) => self.markup(),
        }
    }

    /// The content as it stands, written as HTML.
    pub(super) fn markup(&self) -> String {
        let mut html = String::new();
        self.write_children(&mut html);
        html.trim().to_owned()
    }

    fn write_children(&self, html: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(text) => escape(text, html),
                Node::Element(element) => element.write(html),
            }
        }
    }

    fn write(&self, html: &mut String) {
        html.push('<');
        html.push_str(&self.name);
        for (name, value) in &self.attributes {
            let name = if name == "xml:lang" { "lang" } else { name };
            if !name.contains(':') {
                html.push(' ');
                html.push_str(name);
                html.push_str("=\"");
                escape(value, html);
                html.push('"');
            }
        }
        html.push('>');
        if is_void(&self.name) {
            return;
        }
        self.write_children(html);
        html.push_str("</");
        html.push_str(&self.name);
        html.push('>');
    }

    fn push_text(&mut self, text: &str) {
        match self.children.last_mut() {
            Some(Node::Text(last)) => last.push_str(text),
            _ => self.children.push(Node::Text(text.to_owned())),
        }
    }
}

/// HTML's elements without an end tag that no feed format has a name in common with.
fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "wbr", "col"].iter().any(|void| void.eq_ignore_ascii_case(name))
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

/// The root element, or `None` where the text is no XML at all.
pub(super) fn parse(text: &str) -> Option<Element> {
    let text = markup::permitted(text);
    let text = escape_lone(from_declaration(&text));
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    let mut builder = Builder::default();
    // A syntax error ends the document: what was complete until then is kept.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) => {
                builder.start(&start);
                if is_void(start.name().into_inner()) {
                    builder.end(start.name().into_inner());
                }
            }
            Event::Empty(start) => {
                builder.start(&start);
                builder.end(start.name().into_inner());
            }
            Event::End(end) => builder.end(end.name().into_inner()),
            Event::Text(text) => builder.text(&text),
            Event::CData(text) => builder.text(&text),
            Event::GeneralRef(reference) => {
                let text = builder.entities.resolve(&reference);
                builder.text(&text);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        if builder.elements > MAX_ELEMENTS || builder.root.is_some() {
            break;
        }
    }
    builder.finish()
}

#[derive(Default)]
struct Builder {
    /// Each with its name as written.
    open: Vec<(String, Element)>,
    scope: Scope,
    entities: Entities,
    elements: usize,
    root: Option<Element>,
}

impl Builder {
    fn start(&mut self, start: &BytesStart<'_>) {
        self.elements += 1;
        if self.open.len() >= MAX_DEPTH {
            return;
        }
        let attributes: Vec<(String, String)> = start
            .html_attributes()
            .with_checks(false)
            .flatten()
            .take(MAX_ATTRIBUTES)
            .map(|attribute| {
                let value = self.entities.resolve_all(&attribute.value);
                (attribute.key.into_inner().to_owned(), value)
            })
            .collect();
        self.scope.enter(&attributes);
        let written = start.name().into_inner();
        let (ns, name) = self.scope.element(written);
        let attributes = attributes
            .into_iter()
            .filter(|(name, _)| name != "xmlns" && !name.starts_with("xmlns:"))
            .map(|(name, value)| (self.scope.attribute(&name), value))
            .collect();
        self.open.push((written.to_owned(), Element { ns, name, attributes, children: vec![] }));
    }

    /// Closes the innermost element of this name and whatever is still open inside it.
    fn end(&mut self, written: &str) {
        let Some(at) = self.open.iter().rposition(|(name, _)| name == written) else { return };
        while self.open.len() > at {
            self.close();
        }
    }

    fn close(&mut self) {
        let Some((_, element)) = self.open.pop() else { return };
        self.scope.leave();
        match self.open.last_mut() {
            Some((_, parent)) => parent.children.push(Node::Element(element)),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, element)) = self.open.last_mut() {
            element.push_text(text);
        }
    }

    /// An item that the end of the document cut off would look like a revision: it waits for the next poll.
    fn finish(mut self) -> Option<Element> {
        if let Some(at) = self.open.iter().position(|(_, element)| {
            matches!(element.name.as_str(), "item" | "entry") && element.ns != Ns::Other
        }) && at > 0
        {
            self.open.truncate(at);
        }
        while !self.open.is_empty() {
            self.close();
        }
        self.root
    }
}

/// Without what a broken server writes before the XML declaration.
fn from_declaration(text: &str) -> &str {
    let head = &text[..text.floor_char_boundary(2000)];
    match head.find("<?xml ") {
        Some(at) => &text[at..],
        None => text.trim_start(),
    }
}

/// The document with each `<` that opens no markup and each `&` that begins no reference written as a
/// reference. The XML reader forgives a lone `&` too, but takes quadratic time for many.
fn escape_lone(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        escaped.push_str(before);
        let skip = |end: &str| from.find(end).map_or(from.len(), |found| found + end.len());
        let length = if from.starts_with('&') {
            usize::from(is_reference(from))
        } else if from.starts_with("<![CDATA[") {
            skip("]]>")
        } else if from.starts_with("<!--") {
            skip("-->")
        } else {
            usize::from(
                from[1..].starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '?' | '!' | '_')),
            )
        };
        if length == 0 {
            escaped.push_str(if from.starts_with('&') { "&amp;" } else { "&lt;" });
        }
        escaped.push_str(&from[..length]);
        rest = &from[length.max(1)..];
    }
    escaped.push_str(rest);
    escaped
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_references_mean_what_they_usually_mean() {
        let root = parse(
            "<RSS xmlns:m='http://search.yahoo.com/mrss'><m:Thumbnail URL='a&amp;b&nbsp;c'/>\
             <media:title>x &eacute; &#233; &#146; &bogus; & y</media:title><dc:Date>1</dc:Date></RSS>",
        )
        .unwrap();
        assert_eq!(root.name, "rss");
        assert_eq!(root.first(Ns::Media, "thumbnail").unwrap().attribute("url"), Some("a&b\u{a0}c"));
        assert_eq!(root.value(Ns::Media, "title").unwrap(), "x é é ’ &bogus; & y");
        assert_eq!(root.value(Ns::Dc, "date").unwrap(), "1");
    }

    #[test]
    fn what_is_written_before_the_document_is_skipped() {
        assert!(parse("\u{feff}\n \u{0}<rss/>").is_some());
        assert_eq!(parse("<b>Warning</b> <br />\n<?xml version='1.0'?><rss/>").unwrap().name, "rss");
        assert!(parse("no markup").is_none());
    }

    #[test]
    fn a_missing_end_tag_and_a_lone_bracket_are_forgiven() {
        let root = parse("<rss><a><p>1 < 2<br>b</a><c><![CDATA[ <x <5]]></c></d></rss>").unwrap();
        assert_eq!(root.first(Ns::Core, "a").unwrap().text(), "1 < 2b");
        assert_eq!(root.first(Ns::Core, "a").unwrap().html(), "<p>1 &lt; 2<br>b</p>");
        assert_eq!(root.value(Ns::Core, "c").unwrap(), "<x <5");
    }

    #[test]
    fn a_document_that_breaks_off_keeps_its_complete_items() {
        let root = parse("<rss><channel><item><title>1</title></item><item><title>2</ti").unwrap();
        let channel = root.first(Ns::Core, "channel").unwrap();
        assert_eq!(channel.elements().count(), 1);
        assert_eq!(channel.first(Ns::Core, "item").unwrap().value(Ns::Core, "title").unwrap(), "1");
    }

    #[test]
    fn elements_without_end_in_number_or_depth_are_survived() {
        let deep = format!("<rss>{}</rss>", "<a>".repeat(200_000));
        assert_eq!(parse(&deep).unwrap().name, "rss");
        let wide = format!("<rss>{}</rss>", "<a/>".repeat(MAX_ELEMENTS + 5));
        assert!(parse(&wide).unwrap().elements().count() <= MAX_ELEMENTS);
    }
}
