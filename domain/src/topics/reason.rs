//! Why a post is in a topic, or is not.

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::TopicId;

/// At most this many words are told of one rule.
pub const MAX_WORDS: usize = 10;

/// A post is in this topic, for these reasons; at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub topic_id: TopicId,
    pub reasons: Vec<Reason>,
}

/// A rule that matched, and what it matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub rule: Rule,
    /// As they stand in the post, each spelling once, in order of appearance, at most [`MAX_WORDS`]. A
    /// phrase is told as the whole run, a hashtag with its `#`, a category as it is written.
    pub words: Vec<String>,
}

/// What all rules of one topic say about a post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The rules to include that matched.
    pub included: Vec<Reason>,
    /// The rules to exclude that matched: what keeps the post out.
    pub excluded: Vec<Reason>,
}

impl Verdict {
    /// Whether the post is in the topic.
    #[must_use]
    pub fn assigned(&self) -> bool {
        !self.included.is_empty() && self.excluded.is_empty()
    }
}
