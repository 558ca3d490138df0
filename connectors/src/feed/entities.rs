//! References to characters in XML.

use std::collections::HashMap;

use crate::markup;

/// Characters of an entity's name; HTML's longest has 31.
const MAX_ENTITY: usize = 32;
/// Different ones in a document.
const MAX_ENTITIES: usize = 2000;

/// References to characters: XML's and HTML's, which feeds use without declaring them.
#[derive(Default)]
pub(super) struct Entities {
    known: HashMap<String, String>,
}

impl Entities {
    pub(super) fn resolve(&mut self, name: &str) -> String {
        match name {
            "amp" => "&".to_owned(),
            "lt" => "<".to_owned(),
            "gt" => ">".to_owned(),
            "quot" => "\"".to_owned(),
            "apos" => "'".to_owned(),
            _ => match self.known.get(name) {
                Some(text) => text.clone(),
                // A document with more of them than HTML has makes them up.
                None if self.known.len() > MAX_ENTITIES || name.len() > MAX_ENTITY => format!("&{name};"),
                None => {
                    let html = scraper::Html::parse_fragment(&format!("&{name};"));
                    let text = html.root_element().text().collect::<String>();
                    let text = markup::permitted(&text).into_owned();
                    self.known.insert(name.to_owned(), text.clone());
                    text
                }
            },
        }
    }

    pub(super) fn resolve_all(&mut self, text: &str) -> String {
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            resolved.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            match after.bytes().take(MAX_ENTITY + 1).position(|byte| byte == b';').filter(|end| *end > 0) {
                Some(end) => {
                    resolved.push_str(&self.resolve(&after[..end]));
                    rest = &after[end + 1..];
                }
                None => {
                    resolved.push('&');
                    rest = after;
                }
            }
        }
        resolved.push_str(rest);
        resolved
    }
}

/// "&name;" or "&#1;".
pub(super) fn is_reference(text: &str) -> bool {
    let end = text
        .bytes()
        .skip(1)
        .take(MAX_ENTITY + 1)
        .position(|byte| !byte.is_ascii_alphanumeric() && byte != b'#');
    end.is_some_and(|end| end > 0 && text.as_bytes()[end + 1] == b';')
}
