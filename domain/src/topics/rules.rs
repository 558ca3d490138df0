//! A topic as an organisation defines it.

use serde::{Deserialize, Serialize};

use super::{hashtag, words::Words};
use crate::{FieldError, Invalid, TopicId, field};

/// At most this many rules a topic, on both sides together.
const MAX_RULES: usize = 200;
/// At most this many characters a rule.
const MAX_CHARACTERS: usize = 100;
/// At most this many topics a stage.
pub const MAX_TOPICS: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    pub id: TopicId,
    pub name: String,
    pub rules: Rules,
}

/// A post belongs to the topic when at least one rule of `include` matches it and none of `exclude`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub include: Vec<Rule>,
    pub exclude: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    pub kind: RuleKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// One word, in any of its inflected forms.
    Term,
    /// Several words in this order, each in any of its inflected forms.
    Phrase,
    /// A hashtag, letter for letter but for case; written with or without its `#`.
    Hashtag,
}

impl Topic {
    /// Checks a topic's name and rules and brings the rules into their normal form.
    pub fn new(id: TopicId, name: &str, rules: Rules) -> Result<Self, Invalid> {
        let mut fields = field::Fields::default();
        let name = fields.take(field::line("name", name, 100));
        if rules.include.len() + rules.exclude.len() > MAX_RULES {
            let text = format!("a topic must have at most {MAX_RULES} rules");
            fields.fault(FieldError::new("include", "too_many", text));
        }
        let include = checked("include", rules.include, &mut fields);
        let exclude = checked("exclude", rules.exclude, &mut fields);
        fields.done()?;
        Ok(Self { id, name, rules: Rules { include, exclude } })
    }
}

/// Each rule with its text in normal form; the same rule once.
fn checked(side: &str, rules: Vec<Rule>, fields: &mut field::Fields) -> Vec<Rule> {
    let mut kept: Vec<Rule> = Vec::with_capacity(rules.len());
    for (index, rule) in rules.into_iter().enumerate() {
        let place = format!("{side}/{index}/text");
        let text = fields.take(field::line(&place, &normal(&rule), MAX_CHARACTERS));
        let rule = Rule { kind: rule.kind, text };
        if let Some((code, message)) = fault(&rule) {
            fields.fault(FieldError::new(place, code, message));
        }
        if !kept.contains(&rule) {
            kept.push(rule);
        }
    }
    kept
}

/// Without space around it, with one space between words, and a hashtag without its `#`.
fn normal(rule: &Rule) -> String {
    let text = rule.text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match rule.kind {
        RuleKind::Hashtag => text.trim_start_matches(['#', '＃']).to_owned(),
        RuleKind::Term | RuleKind::Phrase => text,
    }
}

/// Why nothing could ever match a rule. An empty text has its own fault already.
fn fault(rule: &Rule) -> Option<(&'static str, &'static str)> {
    let text = rule.text.as_str();
    if text.is_empty() {
        return None;
    }
    let one_word = text.split_whitespace().count() == 1;
    let words = || Words::of_rule(text).borders.len();
    match rule.kind {
        RuleKind::Term | RuleKind::Hashtag if !one_word => {
            Some(("one_word", "must be one word; use a phrase"))
        }
        RuleKind::Term | RuleKind::Phrase if !text.contains(char::is_alphanumeric) => {
            Some(("no_word", "must contain a letter or a digit"))
        }
        RuleKind::Term | RuleKind::Phrase if words() == 0 => {
            Some(("address", "must contain a word; web and mail addresses are not words"))
        }
        RuleKind::Hashtag if !hashtag::is_tag(text) => {
            Some(("hashtag", "must be letters, digits and underscores, and not digits alone"))
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn topic(kind: RuleKind, texts: &[&str]) -> Result<Topic, Invalid> {
        let include = texts.iter().map(|text| Rule { kind, text: (*text).to_owned() }).collect();
        Topic::new(TopicId::default(), "Feste", Rules { include, exclude: Vec::new() })
    }

    #[rstest::rstest]
    #[case(RuleKind::Term, "Straßen fest", "one_word")]
    #[case(RuleKind::Term, " ", "required")]
    #[case(RuleKind::Term, "-&-", "no_word")]
    #[case(RuleKind::Term, "rathaus.example", "address")]
    #[case(RuleKind::Phrase, "https://example.org/ info@example.org", "address")]
    #[case(RuleKind::Phrase, "eins\nzwei", "control_characters")]
    #[case(RuleKind::Hashtag, "#", "required")]
    #[case(RuleKind::Hashtag, "#2026", "hashtag")]
    #[case(RuleKind::Hashtag, "#E-Bike", "hashtag")]
    #[case(RuleKind::Hashtag, "#Fest #Markt", "one_word")]
    fn a_rule_that_nothing_can_match_is_refused(
        #[case] kind: RuleKind,
        #[case] text: &str,
        #[case] code: &str,
    ) {
        let faults = topic(kind, &["Fest", text]).unwrap_err().0;
        assert_eq!(
            faults.iter().map(|f| (f.field.as_str(), f.code)).collect::<Vec<_>>(),
            [("include/1/text", code)]
        );
    }

    #[test]
    fn rules_get_their_normal_form_and_each_is_kept_once() {
        let texts = |topic: Topic| topic.rules.include.into_iter().map(|rule| rule.text).collect::<Vec<_>>();
        assert_eq!(texts(topic(RuleKind::Hashtag, &["#Fest", " Fest", "＃Fest"]).unwrap()), ["Fest"]);
        assert_eq!(
            texts(topic(RuleKind::Phrase, &[" Neuer   Markt ", "Neuer Markt"]).unwrap()),
            ["Neuer Markt"]
        );
        assert_eq!(
            texts(topic(RuleKind::Term, &["R&B", "E-Bike", "2026"]).unwrap()),
            ["R&B", "E-Bike", "2026"]
        );
    }
}
