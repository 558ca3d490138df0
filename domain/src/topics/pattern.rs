//! What the rules ask for, compiled: each distinct question once, and an index from words to questions.

use std::collections::HashMap;

use super::{
    Rule, RuleKind, hashtag,
    stem::{Grammar, Kind, Stems, conjugated},
    words::{Border, Words},
};

/// A word that rules ask for; the index of its entry.
pub(super) type WordId = u32;
/// A question that rules ask; the index of its entry.
pub(super) type PatternId = u32;

/// One word of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) word: WordId,
    /// Whether the rule itself has punctuation before this word, as in "1. Mai".
    pub(super) after_punctuation: bool,
}

/// By kind, then by key: the words that have it.
type Keys = HashMap<Kind, HashMap<String, Vec<WordId>>>;

#[derive(Debug, Default)]
pub(super) struct Patterns {
    stems: Stems,
    /// The forms of one word in a rule, and as a verb, and its id.
    words: HashMap<(Vec<String>, Vec<String>), WordId>,
    keys: Keys,
    /// The patterns that begin with a word.
    beginning: Vec<Vec<PatternId>>,
    sequences: HashMap<Vec<Step>, PatternId>,
    steps: Vec<Vec<Step>>,
    hashtags: HashMap<String, PatternId>,
}

impl Patterns {
    /// The pattern of a rule; `None` if nothing can match it, which a rule that was checked never is.
    pub(super) fn add(&mut self, rule: &Rule) -> Option<PatternId> {
        if rule.kind == RuleKind::Hashtag {
            return self.add_hashtag(&rule.text);
        }
        let steps = self.steps_of(&rule.text);
        let first = steps.first()?.word;
        if let Some(&id) = self.sequences.get(&steps) {
            return Some(id);
        }
        let id = self.next_id(steps.clone())?;
        self.sequences.insert(steps, id);
        self.beginning.get_mut(first as usize)?.push(id);
        Some(id)
    }

    /// The words that a folded word of a post is a form of.
    pub(super) fn lookup(&self, folded: &str, grammar: Grammar, found: &mut Vec<WordId>) {
        let start = found.len();
        self.stems.keys(folded, grammar, |kind, key| {
            if let Some(words) = self.keys.get(&kind).and_then(|keys| keys.get(key)) {
                for word in words {
                    if !found[start..].contains(word) {
                        found.push(*word);
                    }
                }
            }
        });
    }

    pub(super) fn beginning_with(&self, word: WordId) -> &[PatternId] {
        self.beginning.get(word as usize).map_or(&[], Vec::as_slice)
    }

    pub(super) fn steps(&self, pattern: PatternId) -> &[Step] {
        self.steps.get(pattern as usize).map_or(&[], Vec::as_slice)
    }

    pub(super) fn hashtag(&self, folded: &str) -> Option<PatternId> {
        self.hashtags.get(folded).copied()
    }

    fn add_hashtag(&mut self, text: &str) -> Option<PatternId> {
        let folded = hashtag::fold(text);
        if folded.is_empty() {
            return None;
        }
        if let Some(&id) = self.hashtags.get(&folded) {
            return Some(id);
        }
        let id = self.next_id(Vec::new())?;
        self.hashtags.insert(folded, id);
        Some(id)
    }

    /// A term is a phrase of one word, and a term that Unicode takes for several words ("R&B", "東京") is
    /// a phrase of them.
    fn steps_of(&mut self, text: &str) -> Vec<Step> {
        let words = Words::of_rule(text);
        let mut steps = Vec::new();
        let mut position = 0;
        while let Some(border) = words.borders.get(position) {
            let Some(to) = words.at(position).map(|(_, form)| form.to).max() else { break };
            let whole = || words.at(position).map(|(_, form)| form).filter(|form| form.to == to);
            let forms = whole().map(|form| form.folded.clone()).collect();
            let verbs =
                whole().filter(|form| form.is_small()).flat_map(|form| conjugated(&form.folded)).collect();
            let after_punctuation = !steps.is_empty() && *border != Border::None;
            steps.push(Step { word: self.word(forms, verbs), after_punctuation });
            position = to;
        }
        steps
    }

    fn word(&mut self, forms: Vec<String>, verbs: Vec<String>) -> WordId {
        let forms = (forms, verbs);
        if let Some(&id) = self.words.get(&forms) {
            return id;
        }
        let id = WordId::try_from(self.beginning.len()).unwrap_or(WordId::MAX);
        self.beginning.push(Vec::new());
        // A rule's word has no language.
        for form in &forms.0 {
            self.stems.keys(form, Grammar::Both, |kind, key| add_key(&mut self.keys, kind, key, id));
        }
        for form in &forms.1 {
            self.stems.keys(form, Grammar::German, |kind, key| {
                if kind == Kind::German {
                    add_key(&mut self.keys, kind, key, id);
                }
            });
        }
        self.words.insert(forms, id);
        id
    }

    fn next_id(&mut self, steps: Vec<Step>) -> Option<PatternId> {
        let id = PatternId::try_from(self.steps.len()).ok()?;
        self.steps.push(steps);
        Some(id)
    }
}

fn add_key(keys: &mut Keys, kind: Kind, key: &str, id: WordId) {
    let words = keys.entry(kind).or_default().entry(key.to_owned()).or_default();
    if !words.contains(&id) {
        words.push(id);
    }
}
