//! What a word is made of: E-Bike of "E" and "Bike", #StadtfestBonn of "Stadtfest" and "Bonn", and
//! Bürger:innen, which is "Bürger" and "Bürgerinnen" at once.

use super::fold;

/// One part of a word, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) folded: String,
    /// The female form, where the word names both.
    pub(super) female: Option<String>,
}

/// The characters that join words into one.
pub(super) const HYPHENS: [char; 3] = ['-', '\u{2010}', '\u{2011}'];

/// Whether `gap` and `next` go on with the word before them as its female form: Bürger*innen.
pub(super) fn is_female_ending(gap: &str, next: &str) -> bool {
    match next {
        "innen" => matches!(gap, "*" | ":" | "/" | "/-" | "." | "·" | "•" | "_"),
        "in" => matches!(gap, "*" | ":" | "/" | "/-" | "_"),
        _ => false,
    }
}

/// The parts of one word, at least one where it has a letter or digit. In a hashtag a capital letter
/// after a small one begins a part, and so does a number.
pub(super) fn split(word: &str, in_hashtag: bool) -> Vec<Part> {
    let (base, ending) = female(word);
    let mut parts = Vec::with_capacity(1);
    for piece in base.split(|c| c == '_' || HYPHENS.contains(&c)) {
        let mut rest = piece;
        while in_hashtag && let Some(at) = hump(rest) {
            push(&rest[..at], &mut parts);
            rest = &rest[at..];
        }
        push(rest, &mut parts);
    }
    if let (Some(last), Some(ending)) = (parts.last_mut(), ending) {
        last.female = Some(format!("{}{ending}", last.folded));
    }
    parts
}

fn push(piece: &str, parts: &mut Vec<Part>) {
    let folded = fold::word(piece);
    if !folded.is_empty() {
        parts.push(Part { folded, female: None });
    }
}

/// The word before its female ending, and the ending.
fn female(word: &str) -> (&str, Option<&'static str>) {
    for ending in ["innen", "in"] {
        let Some(rest) = word.strip_suffix(ending) else { continue };
        let base = rest.trim_end_matches(['*', ':', '/', '.', '·', '•', '_', '-']);
        if !base.is_empty() && is_female_ending(&rest[base.len()..], ending) {
            return (base, Some(ending));
        }
    }
    match word.strip_suffix("Innen") {
        Some(base) if base.ends_with(char::is_lowercase) => (base, Some("innen")),
        _ => (word, None),
    }
}

/// Where the second part of a word written in humps begins.
fn hump(word: &str) -> Option<usize> {
    let mut before: Option<char> = None;
    for (at, c) in word.char_indices() {
        let begins = before.is_some_and(|before| {
            (before.is_lowercase() && c.is_uppercase())
                || (before.is_alphabetic() && c.is_numeric())
                || (before.is_numeric() && c.is_alphabetic())
        });
        if begins {
            return Some(at);
        }
        before = Some(c);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("Stadtfest", false, "stadtfest")]
    #[case("E-Bike", false, "e bike")]
    #[case("foo_Bar", false, "foo bar")]
    #[case("iPhone5", false, "iphone5")]
    #[case("StadtfestBonn2026", true, "stadtfest bonn 2026")]
    #[case("Bürger:innen", false, "bürger|bürgerinnen")]
    #[case("Ober-Bürger*in", false, "ober bürger|bürgerin")]
    #[case("BürgerInnen", false, "bürger|bürgerinnen")]
    #[case("Bürger_innen", false, "bürger|bürgerinnen")]
    #[case("Check-in", false, "check in")]
    #[case("innen", false, "innen")]
    fn a_word_is_made_of_parts(#[case] word: &str, #[case] in_hashtag: bool, #[case] expected: &str) {
        let parts = split(word, in_hashtag).into_iter().map(|part| match part.female {
            Some(female) => format!("{}|{female}", part.folded),
            None => part.folded,
        });
        assert_eq!(parts.collect::<Vec<_>>().join(" "), expected);
    }
}
