use serde_json::json;

use super::super::{Assignment, Matcher, PostText, Reason, RuleKind, Verdict};
use super::{post, rule, topic};
use crate::post::PostContent;

#[test]
fn a_reason_tells_each_spelling_once_in_order_of_appearance() {
    let topic = topic(1, vec![rule(RuleKind::Term, "Straßenfest")], vec![]);
    let text = "Straßenfeste, Strassenfest und Straßenfeste, auch #straßenfest.";
    let post = PostText { title: Some("Bei Straßenfesten"), ..post(text, Some("de")) };
    let assigned = Matcher::new(std::slice::from_ref(&topic)).assign(&post);
    let words = ["Straßenfesten", "Straßenfeste", "Strassenfest", "#straßenfest"];
    assert_eq!(
        serde_json::to_value(&assigned).unwrap(),
        json!([{
            "topic_id": topic.id,
            "reasons": [{"rule": {"kind": "term", "text": "Straßenfest"}, "words": words}],
        }])
    );
    let read: Vec<Assignment> = serde_json::from_value(serde_json::to_value(&assigned).unwrap()).unwrap();
    assert_eq!(read, assigned);
}

#[test]
fn a_reason_tells_at_most_ten_words() {
    let topic = topic(1, vec![rule(RuleKind::Term, "test")], vec![]);
    let text: Vec<_> = (0..20).map(|n| format!("Test-{n}")).collect();
    let assigned = Matcher::new(&[topic]).assign(&post(&text.join(" "), None));
    assert_eq!(assigned[0].reasons[0].words, text[..10]);
}

#[test]
fn topics_and_rules_keep_their_order() {
    let fest = || rule(RuleKind::Term, "Fest");
    let markt = || rule(RuleKind::Term, "Markt");
    let topics = [
        topic(3, vec![markt(), fest()], vec![]),
        topic(1, vec![fest(), markt()], vec![]),
        topic(2, vec![rule(RuleKind::Term, "Wald")], vec![]),
    ];
    let assigned = Matcher::new(&topics).assign(&post("Fest auf dem Markt", Some("de")));
    let reason = |rule, word: &str| Reason { rule, words: vec![word.to_owned()] };
    let (by_fest, by_markt) = (reason(fest(), "Fest"), reason(markt(), "Markt"));
    assert_eq!(
        assigned,
        [
            Assignment { topic_id: topics[0].id, reasons: vec![by_markt.clone(), by_fest.clone()] },
            Assignment { topic_id: topics[1].id, reasons: vec![by_fest, by_markt] },
        ]
    );
}

#[test]
fn an_exclude_rule_keeps_the_post_out_and_is_told() {
    let cancelled = rule(RuleKind::Phrase, "fällt aus");
    let topic = topic(1, vec![rule(RuleKind::Term, "Fest")], vec![cancelled.clone()]);
    let matcher = Matcher::new(std::slice::from_ref(&topic));
    let out = post("Das Fest fällt aus.", Some("de"));
    assert_eq!(matcher.assign(&out), []);
    let verdict = matcher.explain(topic.id, &out).unwrap();
    assert!(!verdict.assigned());
    assert_eq!(verdict.included[0].words, ["Fest"]);
    assert_eq!(verdict.excluded, [Reason { rule: cancelled, words: vec!["fällt aus".to_owned()] }]);

    let kept = post("Das Fest findet statt.", Some("de"));
    let verdict = matcher.explain(topic.id, &kept).unwrap();
    assert!(verdict.assigned());
    assert_eq!(matcher.assign(&kept)[0].reasons, verdict.included);
}

#[test]
fn a_topic_without_an_include_rule_takes_no_post() {
    let empty = topic(1, vec![], vec![rule(RuleKind::Term, "Markt")]);
    let matcher = Matcher::new(std::slice::from_ref(&empty));
    assert_eq!(matcher.assign(&post("Fest", None)), []);
    assert_eq!(matcher.explain(empty.id, &post("Fest", None)), Some(Verdict::default()));
    assert_eq!(matcher.explain(topic(2, vec![], vec![]).id, &post("Fest", None)), None);
}

#[test]
fn a_post_is_read_with_its_title_categories_and_language() {
    let content = PostContent {
        title: Some("Märkte".to_owned()),
        text: "Feste".to_owned(),
        categories: vec!["Im Wald".to_owned()],
        language: Some("de".to_owned()),
        ..PostContent::default()
    };
    let terms = ["Fest", "Wald", "Markt"].map(|text| rule(RuleKind::Term, text));
    let assigned = Matcher::new(&[topic(1, terms.into(), vec![])]).assign(&PostText::from(&content));
    let words: Vec<_> = assigned[0].reasons.iter().flat_map(|reason| &reason.words).collect();
    assert_eq!(words, ["Feste", "Wald", "Märkte"]);
}
