//! Writing XML 1.0.

use std::{borrow::Cow, io};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

pub(crate) type Xml = Writer<Vec<u8>>;

/// A document with one element.
pub(crate) fn document(
    root: &str,
    attributes: &[(&str, &str)],
    content: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new(Vec::new());
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    within(&mut xml, root, attributes, content)?;
    Ok(xml.into_inner())
}

/// An element with others in it.
pub(crate) fn within(
    xml: &mut Xml,
    name: &str,
    attributes: &[(&str, &str)],
    content: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    let cleaned: Vec<(&str, Cow<'_, str>)> =
        attributes.iter().map(|(key, value)| (*key, clean(value))).collect();
    let attributes = cleaned.iter().map(|(key, value)| (*key, value.as_ref()));
    xml.create_element(name).with_attributes(attributes).write_inner_content(content)?;
    Ok(())
}

/// An element with a text in it.
pub(crate) fn text(xml: &mut Xml, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    within(xml, name, attributes, |xml| xml.write_event(Event::Text(BytesText::new(&clean(text)))))
}

/// An element with nothing in it.
pub(crate) fn empty(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    let cleaned: Vec<(&str, Cow<'_, str>)> =
        attributes.iter().map(|(key, value)| (*key, clean(value))).collect();
    let attributes = cleaned.iter().map(|(key, value)| (*key, value.as_ref()));
    xml.create_element(name).with_attributes(attributes).write_empty()?;
    Ok(())
}

/// Without the characters that XML 1.0 has no way to write (2.2).
fn clean(text: &str) -> Cow<'_, str> {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match text.chars().all(allowed) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().filter(|c| allowed(*c)).collect()),
    }
}
