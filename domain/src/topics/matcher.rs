//! Sorting posts into topics: one pass over a post for all rules of all topics.

use std::collections::HashMap;

use super::{
    Assignment, MAX_WORDS, PostText, Reason, Rule, Topic, Verdict,
    pattern::{PatternId, Patterns, WordId},
    stem::Grammar,
    words::{Border, Words},
};
use crate::TopicId;

/// The topics of one stage, compiled once, used for many posts.
#[derive(Debug)]
pub struct Matcher {
    topics: Vec<Compiled>,
    patterns: Patterns,
}

#[derive(Debug)]
struct Compiled {
    id: TopicId,
    include: Vec<(Rule, PatternId)>,
    exclude: Vec<(Rule, PatternId)>,
}

/// What each pattern that matched, matched in the post.
type Hits<'a> = HashMap<PatternId, Vec<&'a str>>;

impl Matcher {
    #[must_use]
    pub fn new(topics: &[Topic]) -> Self {
        let mut patterns = Patterns::default();
        let mut side = |rules: &[Rule]| -> Vec<(Rule, PatternId)> {
            rules.iter().filter_map(|rule| Some((rule.clone(), patterns.add(rule)?))).collect()
        };
        let compiled = |topic: &Topic| Compiled {
            id: topic.id,
            include: side(&topic.rules.include),
            exclude: side(&topic.rules.exclude),
        };
        Self { topics: topics.iter().map(compiled).collect(), patterns }
    }

    /// The topics that a post is in, in their order, each with at least one reason, in the order of its rules.
    #[must_use]
    pub fn assign(&self, post: &PostText<'_>) -> Vec<Assignment> {
        let hits = self.hits(post);
        let assignment = |topic: &Compiled| {
            let excluded = topic.exclude.iter().any(|(_, pattern)| hits.contains_key(pattern));
            let reasons = if excluded { Vec::new() } else { reasons(&topic.include, &hits) };
            (!reasons.is_empty()).then_some(Assignment { topic_id: topic.id, reasons })
        };
        self.topics.iter().filter_map(assignment).collect()
    }

    /// What the rules of one topic say about a post; `None` for a topic that is not among these.
    #[must_use]
    pub fn explain(&self, topic: TopicId, post: &PostText<'_>) -> Option<Verdict> {
        let topic = self.topics.iter().find(|known| known.id == topic)?;
        let hits = self.hits(post);
        Some(Verdict { included: reasons(&topic.include, &hits), excluded: reasons(&topic.exclude, &hits) })
    }

    fn hits<'a>(&self, post: &PostText<'a>) -> Hits<'a> {
        let words = Words::of(post);
        let meanings = self.meanings(&words, Grammar::of(post.language));
        let mut hits = Hits::new();
        for (index, meaning) in meanings.iter().enumerate() {
            for &pattern in meaning.iter().flat_map(|&word| self.patterns.beginning_with(word)) {
                if let Some(last) = self.goes_through(pattern, index, &words, &meanings) {
                    add(&mut hits, pattern, words.shown(index, last));
                }
            }
        }
        for (folded, shown) in &words.hashtags {
            if let Some(pattern) = self.patterns.hashtag(folded) {
                add(&mut hits, pattern, shown);
            }
        }
        hits
    }

    /// For each form in the post, the words of rules that it is a form of. A form that comes again is looked up once.
    fn meanings(&self, words: &Words<'_>, grammar: Grammar) -> Vec<Vec<WordId>> {
        let mut known: HashMap<&str, Vec<WordId>> = HashMap::with_capacity(words.forms.len());
        let meaning = |folded| {
            let lookup = || {
                let mut found = Vec::new();
                self.patterns.lookup(folded, grammar, &mut found);
                found
            };
            known.entry(folded).or_insert_with(lookup).clone()
        };
        words.forms.iter().map(|form| form.folded.as_str()).map(meaning).collect()
    }

    /// Follows a pattern from the form that is its first word; returns the form that is its last.
    fn goes_through(
        &self,
        pattern: PatternId,
        first: usize,
        words: &Words<'_>,
        meanings: &[Vec<WordId>],
    ) -> Option<usize> {
        let mut ends = vec![first];
        for step in self.patterns.steps(pattern).iter().skip(1) {
            let mut next: Vec<usize> = Vec::new();
            for &end in &ends {
                let position = words.forms[end].to;
                let open = match words.borders.get(position) {
                    Some(Border::None) => true,
                    Some(Border::Soft) => step.after_punctuation,
                    Some(Border::Hard) | None => false,
                };
                for (index, form) in words.at(position).filter(|_| open) {
                    let reached = next.iter().any(|&known| words.forms[known].to == form.to);
                    if !reached && meanings[index].contains(&step.word) {
                        next.push(index);
                    }
                }
            }
            ends = next;
        }
        ends.first().copied()
    }
}

fn add<'a>(hits: &mut Hits<'a>, pattern: PatternId, shown: &'a str) {
    let known = hits.entry(pattern).or_default();
    if known.len() < MAX_WORDS && !known.contains(&shown) {
        known.push(shown);
    }
}

fn reasons(rules: &[(Rule, PatternId)], hits: &Hits<'_>) -> Vec<Reason> {
    let reason = |(rule, pattern): &(Rule, PatternId)| {
        let words = hits.get(pattern)?.iter().map(|&word| word.to_owned()).collect();
        Some(Reason { rule: rule.clone(), words })
    };
    rules.iter().filter_map(reason).collect()
}
