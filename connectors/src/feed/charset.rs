//! Bytes to characters: the byte order mark, the Content-Type header, the XML declaration (RFC 7303, 3), and
//! where they contradict the bytes, the bytes.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

pub(super) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0;
    }
    if let Some(encoding) = utf_16(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    let declared = declared(bytes);
    let told = content_type.and_then(charset).filter(|encoding| !is_utf_16(encoding));
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Servers name a default charset that has nothing to do with the document. Other encodings hardly ever
        // look like UTF-8 by chance; the ones that are ASCII with escapes (ISO-2022-JP) always do.
        let escapes = [told, declared].iter().flatten().any(|encoding| encoding.name() == "ISO-2022-JP");
        if !escapes {
            return Cow::Borrowed(text);
        }
    }
    match told.filter(|encoding| *encoding != UTF_8).or(declared).unwrap_or(UTF_8) {
        // A few broken bytes in UTF-8, or another encoding under its name.
        encoding if encoding == UTF_8 && !has_utf_8_sequences(bytes) => {
            WINDOWS_1252.decode_without_bom_handling(bytes).0
        }
        encoding => encoding.decode_without_bom_handling(bytes).0,
    }
}

/// The charset parameter of a media type.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let parameter = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })?;
    Encoding::for_label(parameter.trim().trim_matches(['"', '\'']).as_bytes())
}

/// The encoding that an XML declaration names, unless it can't be read in it.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.trim_ascii_start();
    let head = &start[..start.len().min(200)];
    let head = head.strip_prefix(b"<?xml")?;
    let head = &head[..head.windows(2).position(|pair| pair == b"?>").unwrap_or(head.len())];
    let head = std::str::from_utf8(head).ok()?;
    let value = head.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    Encoding::for_label(label.as_bytes()).filter(|encoding| !is_utf_16(encoding))
}

/// UTF-16 without a byte order mark: every other byte of the first characters is zero.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<' | b'{' | b' ' | b'\n' | b'\r', 0, second, 0, ..] if *second != 0 => Some(UTF_16LE),
        [0, b'<' | b'{' | b' ' | b'\n' | b'\r', 0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Told of bytes that don't look like it, and so not true.
fn is_utf_16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

fn has_utf_8_sequences(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const XML: &str = "<?xml version=\"1.0\" encoding=\"ENC\"?><rss><title>„Grüße“ für 5 €</title></rss>";

    fn written(encoding: &'static Encoding, label: &str) -> Vec<u8> {
        encoding.encode(&XML.replace("ENC", label)).0.into_owned()
    }

    fn utf_16(text: &str, bom: bool, big: bool) -> Vec<u8> {
        let units = bom.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[rstest]
    #[case::declared(written(WINDOWS_1252, "windows-1252"), None)]
    #[case::declared_latin_1_is_windows_1252(written(WINDOWS_1252, "iso-8859-1"), None)]
    #[case::header(written(WINDOWS_1252, "utf-8"), Some("text/xml; charset=\"Windows-1252\""))]
    #[case::header_utf_8_that_is_not(written(WINDOWS_1252, "windows-1252"), Some("text/xml;charset=utf-8"))]
    #[case::nothing_told(written(WINDOWS_1252, "none"), None)]
    #[case::utf_8_under_the_wrong_name(written(UTF_8, "iso-8859-1"), Some("text/xml; charset=iso-8859-1"))]
    #[case::utf_8_with_mark([b"\xef\xbb\xbf", written(UTF_8, "utf-8").as_slice()].concat(), None)]
    #[case::utf_16_little(utf_16(XML, true, false), None)]
    #[case::utf_16_big(utf_16(XML, true, true), None)]
    #[case::utf_16_without_mark(utf_16(XML, false, false), Some("text/xml"))]
    #[case::utf_16_big_without_mark(utf_16(XML, false, true), Some("text/xml; charset=utf-16"))]
    #[case::utf_8_that_says_utf_16(written(UTF_8, "utf-16"), None)]
    fn characters_are_read_whatever_they_are_written_in(#[case] bytes: Vec<u8>, #[case] told: Option<&str>) {
        let text = decode(&bytes, told);
        assert!(text.contains("„Grüße“ für 5 €"), "{text}");
    }

    #[test]
    fn the_euro_sign_is_elsewhere_in_iso_8859_15() {
        let bytes = b"<?xml version='1.0' encoding='ISO-8859-15'?><title>5 \xa4</title>";
        assert!(decode(bytes, None).contains("5 €"));
        assert!(decode(b"<title>5 \xa4</title>", Some("text/xml; charset=iso-8859-15")).contains("5 €"));
    }

    #[test]
    fn one_broken_byte_does_not_spoil_utf_8() {
        assert_eq!(decode("<t>Grüße \u{1}</t>".replace('\u{1}', "x").as_bytes(), None), "<t>Grüße x</t>");
        assert_eq!(decode(b"Gr\xc3\xbc\xc3\x9fe \xff!", None), "Grüße \u{fffd}!");
    }

    #[test]
    fn seven_bit_japanese_is_read() {
        let bytes = b"<?xml version=\"1.0\" encoding=\"iso-2022-jp\"?><title>\x1b$BF|K\\\x1b(B</title>";
        assert!(decode(bytes, None).contains("日本"));
    }
}
