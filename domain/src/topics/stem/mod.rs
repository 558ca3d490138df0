//! Which words are forms of one another: a word has keys, and words that share one belong together.

mod english;
mod german;
mod verbs;

use rust_stemmers::{Algorithm, Stemmer};

use super::fold;

/// Words with fewer letters have no forms but themselves.
const MIN_LETTERS: usize = 3;
/// Nor have words with more bytes, which no rule can hold.
const MAX_BYTES: usize = 400;

/// The grammar by which a post is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Grammar {
    German,
    English,
    /// The language is unknown or another one: a word is a form of a rule's word when either grammar says so.
    Both,
}

impl Grammar {
    /// By the primary subtag of a BCP 47 tag: `de`, `de-AT`, `en_GB`.
    pub(super) fn of(language: Option<&str>) -> Self {
        let tag = language.unwrap_or_default().trim();
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "de" | "deu" | "ger" => Self::German,
            "en" | "eng" => Self::English,
            _ => Self::Both,
        }
    }
}

/// A key is compared with keys of its own kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Exact,
    German,
    English,
}

pub(super) struct Stems {
    german: Stemmer,
    english: Stemmer,
}

impl std::fmt::Debug for Stems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stems")
    }
}

impl Default for Stems {
    fn default() -> Self {
        Self { german: Stemmer::create(Algorithm::German), english: Stemmer::create(Algorithm::English) }
    }
}

impl Stems {
    /// Hands every key of a folded word to `found`; a key may come twice.
    pub(super) fn keys(&self, folded: &str, grammar: Grammar, mut found: impl FnMut(Kind, &str)) {
        found(Kind::Exact, &fold::without_umlauts(folded));
        let has_forms = folded.len() <= MAX_BYTES
            && folded.chars().nth(MIN_LETTERS - 1).is_some()
            && folded.contains(char::is_alphabetic);
        if !has_forms {
            return;
        }
        if grammar != Grammar::English {
            german::keys(&self.german, folded, &mut |key| found(Kind::German, key));
        }
        if grammar != Grammar::German {
            english::keys(&self.english, folded, |key| found(Kind::English, key));
        }
    }
}

/// The other forms of a verb that a rule names, and that only a post in German may hold.
pub(super) fn conjugated(folded: &str) -> Vec<String> {
    if folded.len() > MAX_BYTES { Vec::new() } else { verbs::conjugated(folded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(Some("de"), Grammar::German)]
    #[case(Some("de-AT"), Grammar::German)]
    #[case(Some("EN_gb"), Grammar::English)]
    #[case(Some("den"), Grammar::Both)]
    #[case(Some("fr"), Grammar::Both)]
    #[case(Some(""), Grammar::Both)]
    #[case(None, Grammar::Both)]
    fn the_language_chooses_the_grammar(#[case] tag: Option<&str>, #[case] expected: Grammar) {
        assert_eq!(Grammar::of(tag), expected);
    }

    #[test]
    fn short_and_endless_words_have_no_forms_but_themselves() {
        for word in ["öl".to_owned(), "a".repeat(1_000), "2026".to_owned()] {
            let mut keys = Vec::new();
            Stems::default().keys(&word, Grammar::Both, |kind, _| keys.push(kind));
            assert_eq!(keys, [Kind::Exact]);
        }
    }
}
