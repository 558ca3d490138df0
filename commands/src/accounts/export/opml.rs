//! OPML 2.0, which feed readers import.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use stage_domain::source::Source;

/// The sources of a stage.
pub(super) fn opml<'a>(title: &str, sources: impl Iterator<Item = &'a Source>) -> std::io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("opml").with_attribute(("version", "2.0")).write_inner_content(|xml| {
        xml.create_element("head").write_inner_content(|xml| {
            xml.create_element("title").write_text_content(BytesText::new(title)).map(drop)
        })?;
        xml.create_element("body").write_inner_content(|xml| {
            for source in sources {
                let text = source.title.as_deref().unwrap_or(&source.address);
                xml.create_element("outline")
                    .with_attributes([("type", "rss"), ("text", text), ("xmlUrl", source.address.as_str())])
                    .write_empty()?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(xml.into_inner())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_reader_finds_every_source_by_its_address() {
        let source = |title: Option<&str>, address: &str| Source {
            title: title.map(Into::into),
            address: address.into(),
            ..Source::default()
        };
        let sources = [
            source(Some("Rat & Haus"), "https://example.org/?a=1&b=2"),
            source(None, "https://example.com/"),
        ];
        let xml = String::from_utf8(opml("Stadt <1>", sources.iter()).unwrap()).unwrap();
        assert!(xml.contains("<title>Stadt &lt;1&gt;</title>"), "{xml}");
        let outline =
            r#"<outline type="rss" text="Rat &amp; Haus" xmlUrl="https://example.org/?a=1&amp;b=2"/>"#;
        assert!(xml.contains(outline), "{xml}");
        assert!(xml.contains(r#"text="https://example.com/" xmlUrl="https://example.com/""#), "{xml}");
    }
}
