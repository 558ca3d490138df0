//! Web addresses, mail addresses and fediverse handles in a text. They are not words.

use std::ops::Range;

/// Nobody writes more addresses than this without a space between them. What comes after them counts as
/// one more, so that no text can make the search take long.
const MAX_IN_A_ROW: usize = 50;

/// Where the addresses of `text` are, in order, as byte ranges.
pub(super) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Most texts hold none of these, and then nothing can be an address.
    if !text.contains(['.', '@', ':']) {
        return found;
    }
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                in_chunk(&text[from..at], from, &mut found);
                start = None;
            }
            _ => {}
        }
    }
    found
}

/// The addresses in text without white space that stands at `base`.
fn in_chunk(mut chunk: &str, mut base: usize, found: &mut Vec<Range<usize>>) {
    for count in 1.. {
        let Some(start) = web_start(chunk) else { break };
        let length = if count < MAX_IN_A_ROW { web_length(&chunk[start..]) } else { chunk.len() - start };
        let end = start + length;
        pieces(&chunk[..start], base, found);
        found.push(base + start..base + end);
        chunk = &chunk[end..];
        base += end;
    }
    pieces(chunk, base, found);
}

/// Where an address that says so itself begins: with a scheme or with `www.`.
fn web_start(chunk: &str) -> Option<usize> {
    let bytes = chunk.as_bytes();
    let scheme = chunk.find("://").and_then(|colon| {
        let letters = bytes[..colon].iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
        (letters > 0).then_some(colon - letters)
    });
    let www = bytes
        .windows(4)
        .position(|w| w.eq_ignore_ascii_case(b"www."))
        .filter(|&at| at == 0 || !bytes[at - 1].is_ascii_alphanumeric());
    let mail = bytes.windows(7).position(|w| w.eq_ignore_ascii_case(b"mailto:"));
    [scheme, www, mail].into_iter().flatten().min()
}

/// How far it reaches: to a quote or angle bracket, or to a bracket that it did not open itself.
fn web_length(address: &str) -> usize {
    let mut open = 0_usize;
    for (at, c) in address.char_indices() {
        match c {
            '<' | '>' | '"' | '„' | '“' | '”' | '«' | '»' => return at,
            '(' | '[' => open += 1,
            ')' | ']' if open == 0 => return at,
            ')' | ']' => open -= 1,
            _ => {}
        }
    }
    address.len()
}

fn pieces(chunk: &str, base: usize, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    for (at, c) in chunk.char_indices().chain([(chunk.len(), ',')]) {
        if "<>()[]{}\"„“”«»‚‘’',;|*".contains(c) {
            let piece = chunk[from..at].trim_end_matches(['.', '!', '?', ':', '…']);
            if is_mail(piece) || is_site(piece) {
                found.push(base + from..base + from + piece.len());
            }
            from = (at + c.len_utf8()).min(chunk.len());
        }
    }
}

/// `info@example.org`, and `@name@example.org` of the fediverse; not a plain `@name`.
fn is_mail(piece: &str) -> bool {
    piece.rsplit_once('@').is_some_and(|(name, host)| {
        name.chars().any(char::is_alphanumeric) && host.starts_with(char::is_alphanumeric)
    })
}

/// `example.org` and `example.org/path`: labels, the last one of small ASCII letters, two or more.
fn is_site(piece: &str) -> bool {
    let host = piece.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let Some((labels, top)) = host.rsplit_once('.') else { return false };
    // "Bürger.innen" is a word, see `parts`.
    top.len() >= 2
        && top != "innen"
        && top.bytes().all(|b| b.is_ascii_lowercase())
        && labels.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("Mehr: https://example.org/a#Fest, bald", &["https://example.org/a#Fest,"])]
    #[case("(https://de.example.org/Bonn_(Stadt)) und", &["https://de.example.org/Bonn_(Stadt)"])]
    #[case("[Fest](https://example.org/x)Markt", &["https://example.org/x"])]
    #[case("info@rathaus.example.", &["info@rathaus.example"])]
    #[case("von @feuerwehr@social.example gelesen", &["@feuerwehr@social.example"])]
    #[case("auf www.rathaus.example/fest!", &["www.rathaus.example/fest!"])]
    #[case("auf rathaus.example/fest#markt", &["rathaus.example/fest#markt"])]
    #[case("Rathaus-Bonn.de, jetzt", &["Rathaus-Bonn.de"])]
    #[case("z.B. am 3.10. um 10:30 Uhr, d.h. morgen. Danke @feuerwehr", &[])]
    #[case("Sommerfest.Am Samstag und/oder Bürger.innen", &[])]
    fn addresses_are_found(#[case] text: &str, #[case] expected: &[&str]) {
        let found: Vec<_> = ranges(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected);
    }
}
