//! Topics as clients write them: words by kind, on two sides.

use serde::{Deserialize, Serialize};
use stage_commands::CommandError;
use stage_domain::{
    Invalid,
    topics::{Rule, RuleKind, Rules},
};
use utoipa::{
    ToSchema,
    openapi::{Array, schema::ArrayBuilder},
};
use uuid::Uuid;

use crate::{
    contract::{text, word},
    problem::Problem,
};

/// A topic to be: a post belongs to it when `include` matches and `exclude` does not.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Kultur",
    "include": {"terms": ["Museum", "Konzert"], "phrases": ["lange Nacht"], "hashtags": ["kultur"]},
    "exclude": {"terms": ["abgesagt"]}
}))]
pub(crate) struct TopicBody {
    /// Unique in the stage, whatever the case.
    #[schema(schema_with = text::name)]
    pub(crate) name: String,
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) include: TopicRules,
    #[serde(default)]
    #[schema(required = false)]
    pub(crate) exclude: TopicRules,
}

/// Rules by kind; at most 200 of them in a topic. Words match in all their inflected forms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopicRules {
    /// Single words.
    #[serde(default)]
    #[schema(schema_with = terms, required = false)]
    pub(crate) terms: Vec<String>,
    /// Several words in this order.
    #[serde(default)]
    #[schema(schema_with = phrases, required = false)]
    pub(crate) phrases: Vec<String>,
    /// With or without `#`.
    #[serde(default)]
    #[schema(schema_with = hashtags, required = false)]
    pub(crate) hashtags: Vec<String>,
}

/// A topic with what it matches.
#[derive(Serialize, ToSchema)]
#[schema(as = Topic)]
pub(crate) struct TopicWithRules {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) include: TopicRules,
    pub(crate) exclude: TopicRules,
}

/// Both sides together make the 200 rules that a topic can have.
fn terms() -> Array {
    ArrayBuilder::new().items(word::word()).max_items(Some(50)).build()
}

fn phrases() -> Array {
    ArrayBuilder::new().items(word::phrase()).max_items(Some(25)).build()
}

fn hashtags() -> Array {
    ArrayBuilder::new().items(word::hashtag()).max_items(Some(25)).build()
}

impl TopicRules {
    /// In the order terms, phrases, hashtags; [`place`] turns it round.
    fn rules(&self) -> Vec<Rule> {
        let of = |kind: RuleKind, texts: &[String]| -> Vec<Rule> {
            texts.iter().map(|text| Rule { kind, text: text.clone() }).collect()
        };
        let mut rules = of(RuleKind::Term, &self.terms);
        rules.extend(of(RuleKind::Phrase, &self.phrases));
        rules.extend(of(RuleKind::Hashtag, &self.hashtags));
        rules
    }

    pub(crate) fn of(rules: Vec<Rule>) -> Self {
        let mut by_kind = Self::default();
        for Rule { kind, text } in rules {
            match kind {
                RuleKind::Term => by_kind.terms.push(text),
                RuleKind::Phrase => by_kind.phrases.push(text),
                RuleKind::Hashtag => by_kind.hashtags.push(text),
            }
        }
        by_kind
    }

    /// Where the rule of this number is in what the client sent.
    fn place(&self, index: usize) -> Option<String> {
        let mut index = index;
        for (name, texts) in
            [("terms", &self.terms), ("phrases", &self.phrases), ("hashtags", &self.hashtags)]
        {
            match texts.len() {
                len if index < len => return Some(format!("{name}/{index}")),
                len => index -= len,
            }
        }
        None
    }
}

impl TopicBody {
    pub(crate) fn rules(&self) -> Rules {
        Rules { include: self.include.rules(), exclude: self.exclude.rules() }
    }

    /// A refusal with its fields named as the client wrote them: `include/4/text` becomes `include/phrases/1`.
    pub(crate) fn refusal(&self, error: CommandError) -> Problem {
        match error {
            CommandError::Invalid(invalid) => self.renamed(invalid).into(),
            other => other.into(),
        }
    }

    pub(crate) fn renamed(&self, Invalid(mut faults): Invalid) -> Invalid {
        for fault in &mut faults {
            let (side, rest) = fault.field.split_once('/').unwrap_or_default();
            let index = rest.strip_suffix("/text").and_then(|index| index.parse().ok());
            let rules = match side {
                "include" => &self.include,
                "exclude" => &self.exclude,
                _ => continue,
            };
            if let Some(place) = index.and_then(|index| rules.place(index)) {
                fault.field = format!("{side}/{place}");
            }
        }
        Invalid(faults)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stage_domain::{TopicId, topics::Topic};

    use super::*;

    #[test]
    fn a_rule_at_fault_is_named_as_the_client_wrote_it() {
        let body: TopicBody = serde_json::from_value(serde_json::json!({
            "name": "Kultur",
            "include": {"terms": ["Museum"], "phrases": ["lange Nacht", "!"], "hashtags": ["#zwei worte"]},
            "exclude": {"terms": ["!"]}
        }))
        .unwrap();
        let invalid = Topic::new(TopicId::default(), &body.name, body.rules()).unwrap_err();
        let fields: Vec<_> = body.renamed(invalid).0.into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["include/phrases/1", "include/hashtags/0", "exclude/terms/0"]);
    }

    #[test]
    fn rules_come_back_as_they_were_sent() {
        let rules = TopicRules {
            terms: vec!["a".into(), "b".into()],
            phrases: vec!["c d".into()],
            hashtags: vec!["e".into()],
        };
        assert_eq!(TopicRules::of(rules.rules()), rules);
    }
}
