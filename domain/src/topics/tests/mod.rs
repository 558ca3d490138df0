//! Topics from outside: what an organisation defines and what it gets.

mod english;
mod german;
mod hashtags;
mod laws;
mod phrases;
mod reasons;

use uuid::Uuid;

use super::{Matcher, PostText, Rule, RuleKind, Rules, Topic};
use crate::TopicId;

pub(super) fn rule(kind: RuleKind, text: &str) -> Rule {
    Rule { kind, text: text.to_owned() }
}

pub(super) fn topic(number: u128, include: Vec<Rule>, exclude: Vec<Rule>) -> Topic {
    let id = TopicId(Uuid::from_u128(number));
    Topic { id, name: number.to_string(), rules: Rules { include, exclude } }
}

pub(super) fn post<'a>(text: &'a str, language: Option<&'a str>) -> PostText<'a> {
    PostText { title: None, text, categories: &[], language }
}

/// What one rule matches in a post.
pub(super) fn found(rule: Rule, post: &PostText<'_>) -> Vec<String> {
    let topic = topic(1, vec![rule], vec![]);
    let mut reasons = Matcher::new(&[topic]).assign(post).into_iter().flat_map(|a| a.reasons);
    let words = reasons.next().map(|reason| reason.words).unwrap_or_default();
    assert_eq!(reasons.next(), None);
    words
}

pub(super) fn term(text: &str, post: &PostText<'_>) -> bool {
    !found(rule(RuleKind::Term, text), post).is_empty()
}
