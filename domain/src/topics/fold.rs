//! Spellings of one word that mean the same: case, compatibility forms, ß, accents and apostrophes.

use unicode_normalization::UnicodeNormalization;

/// A word in the form in which words are compared and stemmed: NFKC, lower case, `ss` for ß, without
/// acute, grave and circumflex accents (Café, Cafe), without apostrophes, without the English `'s`
/// (Mayor's, Mayor) and without invisible hyphens. Umlauts stay.
pub(super) fn word(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        folded.push_str(text);
        folded.make_ascii_lowercase();
    } else {
        for c in text.nfkc().flat_map(char::to_lowercase) {
            match c {
                'ß' => folded.push_str("ss"),
                // Lower-casing one letter at a time can't know that a sigma ends its word.
                'ς' => folded.push('σ'),
                'á' | 'à' | 'â' => folded.push('a'),
                'é' | 'è' | 'ê' => folded.push('e'),
                'í' | 'ì' | 'î' => folded.push('i'),
                'ó' | 'ò' | 'ô' => folded.push('o'),
                'ú' | 'ù' | 'û' => folded.push('u'),
                '’' | '‘' | 'ʼ' | '`' => folded.push('\''),
                // Hyphens shown only at the end of a line, joiners, emoji styles, and the dot that Turkish
                // İ leaves behind.
                '\u{ad}'
                | '\u{200b}'..='\u{200d}'
                | '\u{2060}'
                | '\u{feff}'
                | '\u{fe0e}'
                | '\u{fe0f}'
                | '\u{307}' => {}
                c => folded.push(c),
            }
        }
    }
    if folded.contains('\'') {
        if folded.len() > 2 && folded.ends_with("'s") {
            folded.truncate(folded.len() - 2);
        }
        folded.retain(|c| c != '\'');
    }
    folded
}

/// The folded word with its umlauts written out, so that Bürger and Buerger are the same. Writing them out
/// is safe for English too: "blue" stays as it is, and would only meet "blü".
pub(super) fn without_umlauts(folded: &str) -> String {
    let mut written = String::with_capacity(folded.len() + 2);
    for c in folded.chars() {
        match c {
            'ä' => written.push_str("ae"),
            'ö' => written.push_str("oe"),
            'ü' => written.push_str("ue"),
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("Straße", "STRASSE")]
    #[case("STRAẞE", "strasse")]
    #[case("Café", "cafe")]
    #[case("ﬁlm", "Film")]
    #[case("Mayor’s", "mayor")]
    #[case("Rock'n'Roll", "rocknroll")]
    #[case("Ver\u{ad}an\u{ad}staltung", "veranstaltung")]
    #[case("u\u{308}ber", "über")]
    #[case("ΟΔΟΣ", "οδος")]
    #[case("İstanbul", "istanbul")]
    fn these_spellings_are_one(#[case] one: &str, #[case] other: &str) {
        assert_eq!(word(one), word(other));
    }

    #[rstest::rstest]
    #[case("Bürger", "burger")]
    #[case("año", "ano")]
    #[case("Maß", "mas")]
    fn these_spellings_are_two(#[case] one: &str, #[case] other: &str) {
        assert_ne!(word(one), word(other));
        assert_ne!(without_umlauts(&word(one)), without_umlauts(&word(other)));
    }

    #[test]
    fn umlauts_meet_their_written_out_form_and_english_words_stay() {
        assert_eq!(without_umlauts(&word("Öffnungsgebühr")), "oeffnungsgebuehr");
        assert_eq!(without_umlauts("blue"), "blue");
    }
}
