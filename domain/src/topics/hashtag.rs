//! Hashtags: `#` and then letters, digits and underscores, not digits alone.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Where the hashtags of `text` are, without their `#`, in order; none inside of the ranges to skip.
pub(super) fn ranges(text: &str, skip: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, sign) in text.match_indices(['#', '＃']) {
        if text[..at].chars().next_back().is_some_and(in_tag) || is_in(at, skip) {
            continue;
        }
        let start = at + sign.len();
        let tag = &text[start..];
        let tag = &tag[..tag.find(|c| !in_tag(c)).unwrap_or(tag.len())];
        if says_something(tag) {
            found.push(start..start + tag.len());
        }
    }
    found
}

/// Whether a place is inside of one of the ranges, which are in order.
fn is_in(at: usize, ranges: &[Range<usize>]) -> bool {
    let after = ranges.partition_point(|range| range.end <= at);
    ranges.get(after).is_some_and(|range| range.contains(&at))
}

/// Whether a text can stand behind a `#` as it is.
pub(super) fn is_tag(text: &str) -> bool {
    says_something(text) && text.chars().all(in_tag)
}

/// A hashtag as hashtags are compared: NFKC, small letters, `ss` for ß. What can't be in a hashtag is left out,
/// so that the category "Kunst & Kultur" is #KunstKultur.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase).filter(|&c| in_tag(c)) {
        match c {
            'ß' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            c => folded.push(c),
        }
    }
    folded
}

fn in_tag(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || is_combining_mark(c)
}

fn says_something(tag: &str) -> bool {
    tag.starts_with(|c: char| c.is_alphanumeric() || c == '_') && tag.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("#Straßenfest!", &["Straßenfest"])]
    #[case("(#fest) #markt_2026,#bonn", &["fest", "markt_2026", "bonn"])]
    #[case("＃祭り #ärger", &["祭り", "ärger"])]
    #[case("C# a#b Platz #1 ## # _#c &#39; #️⃣", &[])]
    #[case("##doppelt", &["doppelt"])]
    fn hashtags_are_found(#[case] text: &str, #[case] expected: &[&str]) {
        let found: Vec<_> = ranges(text, &[]).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_fragment_of_an_address_is_none() {
        let text = "x://y/#a #b";
        let address = 0..text.len() - 3;
        let found: Vec<_> = ranges(text, &[address]).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["b"]);
    }

    #[test]
    fn case_and_spaces_of_a_category_do_not_matter_but_letters_do() {
        assert_eq!(fold("Kunst & Kultur"), fold("kunstKULTUR"));
        assert_eq!(fold("STRASSENFEST"), fold("Straßenfest"));
        assert_ne!(fold("Straßenfeste"), fold("Straßenfest"));
        assert_ne!(fold("Cafe"), fold("Café"));
    }
}
