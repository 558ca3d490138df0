//! The forms of what topics match, as schemas. Whatever meets them, the domain takes.

use serde_json::json;
use utoipa::openapi::{RefOr, Schema};

use super::text::{WORD, text};

/// Signs that stand on letters of these scripts.
const MARKS: &str = r"\u0300-\u036F\u0591-\u05BD\u064B-\u065F\u0900-\u0903\u093A-\u093C\u093E-\u094F\u0E31\u0E34-\u0E3A\u0E47-\u0E4E";

/// One word that is no web or mail address: no `@` inside, nothing like `name.tld` or `://`.
fn one_word() -> String {
    let plain = r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000.:@]";
    let after_dot = r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000.:@a-z]";
    let after_colon = r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000.:@/]";
    // As in St.Pauli, Bürger:innen, and Bürger.innen before whatever does not make another top-level domain of it.
    let unit =
        format!(r"({plain}|\.{after_dot}|:{after_colon}|\.innen({after_dot}|\.{after_dot}|:{after_colon}))");
    // As in Bürger.innen, e.V. and d.h.
    format!(r"[#@]?{unit}*[{WORD}]{unit}*(\.innen)?(\.[a-z])*[.:]?")
}

/// A term: one word.
pub(crate) fn word() -> RefOr<Schema> {
    let pattern = format!("^{}$", one_word());
    text(1, 100, &pattern, "not_a_word", json!("Kultur")).build().into()
}

/// A phrase: some words in a row, at least one of them no address.
pub(crate) fn phrase() -> RefOr<Schema> {
    let plain = r"[^\u0000-\u001F\u007F-\u009F]*";
    let space = r"[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]";
    let pattern = format!("^({plain}{space})?{}({space}{plain})?$", one_word());
    text(1, 100, &pattern, "not_a_phrase", json!("lange Nacht der Museen")).build().into()
}

/// A hashtag, with or without its sign.
pub(crate) fn hashtag() -> RefOr<Schema> {
    let letter = WORD.trim_start_matches("0-9");
    let pattern = format!(r"^[#\uFF03]?([{WORD}_][{WORD}_{MARKS}]*)?[{letter}][{WORD}_{MARKS}]*$");
    text(1, 100, &pattern, "not_a_hashtag", json!("kultur")).build().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::{prelude::*, string::string_regex};
    use stage_domain::{
        TopicId, source,
        topics::{Rule, RuleKind, Rules, Topic},
    };

    use super::*;

    /// Texts that meet a schema.
    fn meeting(schema: RefOr<Schema>) -> impl Strategy<Value = String> {
        let schema = serde_json::to_value(schema).unwrap();
        let most = usize::try_from(schema["maxLength"].as_u64().unwrap()).unwrap();
        let pattern = schema["pattern"].as_str().unwrap();
        let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).unwrap();
        let texts = string_regex(inner).unwrap();
        texts
            .prop_filter("as long as the schema asks", move |text| (1..=most).contains(&text.chars().count()))
    }

    fn taken(kind: RuleKind, text: &str) -> Result<(), TestCaseError> {
        let include = vec![Rule { kind, text: text.to_owned() }];
        let topic = Topic::new(TopicId::default(), "Feste", Rules { include, exclude: vec![] });
        prop_assert!(topic.is_ok(), "{text:?}: {topic:?}");
        Ok(())
    }

    proptest! {
        #[test]
        fn the_domain_takes_every_term_that_the_contract_allows(text in meeting(word())) {
            taken(RuleKind::Term, &text)?;
        }

        #[test]
        fn the_domain_takes_every_phrase_that_the_contract_allows(text in meeting(phrase())) {
            taken(RuleKind::Phrase, &text)?;
        }

        #[test]
        fn the_domain_takes_every_hashtag_that_the_contract_allows(text in meeting(hashtag())) {
            taken(RuleKind::Hashtag, &text)?;
        }

        #[test]
        fn the_domain_takes_every_address_that_the_contract_allows(
            text in meeting(super::super::text::address().into())
        ) {
            prop_assert!(source::address(&text).is_ok(), "{text:?}: {:?}", source::address(&text));
        }
    }

    #[test]
    fn a_feed_may_be_at_an_ipv6_address() {
        let schema = serde_json::to_value(super::super::text::address()).unwrap();
        let pattern = regex_lite::Regex::new(schema["pattern"].as_str().unwrap()).unwrap();
        for right in ["http://[::1]:8090/news.xml", "[2001:db8::7]/feed", "https://[1:2:3:4:5:6:7:8]/"] {
            assert!(pattern.is_match(right), "{right}");
            assert!(source::address(right).is_ok(), "{right}");
        }
        for wrong in ["http://[::1", "http://[1:2:3]/", "http://[1::2::3]/", "http://::1/"] {
            assert!(!pattern.is_match(wrong), "{wrong}");
        }
    }

    #[test]
    fn words_as_people_write_them_are_allowed() {
        let pattern = regex_lite::Regex::new(&format!("^{}$", one_word())).unwrap();
        for word in [
            "Kultur",
            "R&B",
            "E-Bike",
            "2026",
            "St.Pauli",
            "Bürger.innen",
            "Bürger:innen",
            "Bürger.innen-Fest",
            "Bürger.innen:Fest",
            "Bürger.innen.",
            "e.V.",
            "d.h.",
            "#fest",
            "@rathaus",
        ] {
            assert!(pattern.is_match(word), "{word}");
        }
        for wrong in ["zwei Worte", "!", "rathaus.example", "info@example.org", "https://example", "a.de/b"] {
            assert!(!pattern.is_match(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_only_begins_like_a_female_form_is_an_address_to_the_contract_and_to_the_domain() {
        let schema = serde_json::to_value(phrase()).unwrap();
        let pattern = regex_lite::Regex::new(schema["pattern"].as_str().unwrap()).unwrap();
        for text in ["¹.innena:aΈ", "rathaus.innenstadt"] {
            assert!(!pattern.is_match(text), "{text}");
            assert!(taken(RuleKind::Phrase, text).is_err(), "{text}");
        }
    }
}
