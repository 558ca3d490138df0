use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{Matcher, PostText, Rule, RuleKind};
use super::{post, rule, term, topic};

fn any_rule() -> impl Strategy<Value = Rule> {
    let kind = prop_oneof![Just(RuleKind::Term), Just(RuleKind::Phrase), Just(RuleKind::Hashtag)];
    let text = prop_oneof![Just("Fest".to_owned()), "[a-cäß#.,:_ -]{0,8}", ".{0,20}", "\\PC{0,20}"];
    (kind, text).prop_map(|(kind, text)| Rule { kind, text })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(?s).{0,60}",
        "[a-cäßAB#@.,:/_*\n -]{0,60}",
        "(https?://|www\\.|#|@|Fest|feste|E-|:innen|[a-z äöüß.'’]){0,20}",
    ]
}

fn any_language() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof![Just("de".to_owned()), Just("en-GB".to_owned()), ".{0,5}"])
}

proptest! {
    #[test]
    fn no_text_and_no_rule_make_it_panic_and_the_answer_is_always_the_same(
        rules in prop::collection::vec((any_rule(), any::<bool>()), 0..8),
        title in prop::option::of(any_text()),
        text in any_text(),
        categories in prop::collection::vec(any_text(), 0..3),
        language in any_language(),
    ) {
        let (include, exclude): (Vec<_>, Vec<_>) = rules.into_iter().partition(|(_, include)| *include);
        let side = |rules: Vec<(Rule, bool)>| rules.into_iter().map(|(rule, _)| rule).collect::<Vec<_>>();
        let topic = topic(1, side(include), side(exclude));
        let post = PostText {
            title: title.as_deref(), text: &text, categories: &categories, language: language.as_deref(),
        };
        let matcher = Matcher::new(std::slice::from_ref(&topic));
        let assigned = matcher.assign(&post);
        let again = Matcher::new(std::slice::from_ref(&topic));
        prop_assert_eq!(&assigned, &again.assign(&post));
        let verdict = matcher.explain(topic.id, &post).unwrap();
        prop_assert_eq!(verdict.assigned(), !assigned.is_empty());
        for word in verdict.included.iter().chain(&verdict.excluded).flat_map(|reason| &reason.words) {
            let mut places = title.iter().chain([&text]).chain(&categories);
            prop_assert!(places.any(|place| place.contains(word)), "{} is not in the post", word);
        }
    }

    #[test]
    fn a_word_finds_itself(word in "\\p{L}{1,30}", language in any_language()) {
        prop_assert!(term(&word, &post(&word, language.as_deref())));
    }

    #[test]
    fn case_does_not_matter(word in "[a-zäöüßéèα-ωа-я]{1,20}", language in any_language()) {
        prop_assert!(term(&word, &post(&word.to_uppercase(), language.as_deref())));
        prop_assert!(term(&word.to_uppercase(), &post(&word, language.as_deref())));
    }

    #[test]
    fn a_german_word_finds_itself_in_another_spelling(word in "[a-zäöüß]{3,15}", language in any_language()) {
        let written_out =
            word.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ß', "ss");
        prop_assert!(term(&word, &post(&written_out, language.as_deref())));
        prop_assert!(term(&written_out, &post(&word, language.as_deref())));
    }

    #[test]
    fn a_word_both_included_and_excluded_takes_no_post(word in "\\p{L}{1,20}", text in any_text()) {
        let same = || vec![rule(RuleKind::Term, &word)];
        let text = format!("{word} {text} {word}");
        let matcher = Matcher::new(&[topic(1, same(), same())]);
        prop_assert_eq!(matcher.assign(&post(&text, None)), []);
    }

    #[test]
    fn the_order_of_topics_changes_nothing_but_the_order(
        rules in prop::collection::vec(any_rule(), 1..6),
        text in any_text(),
    ) {
        let text = format!("{} {text} {}", rules[0].text, rules.last().unwrap().text);
        let mut topics: Vec<_> =
            rules.into_iter().enumerate().map(|(n, rule)| topic(n as u128, vec![rule], vec![])).collect();
        let forth = Matcher::new(&topics).assign(&post(&text, None));
        topics.reverse();
        let mut back = Matcher::new(&topics).assign(&post(&text, None));
        back.reverse();
        prop_assert_eq!(&forth, &back);
        let ids: BTreeSet<_> = forth.iter().map(|assignment| assignment.topic_id).collect();
        prop_assert_eq!(ids.len(), forth.len());
    }
}
