//! Topics: what a stage sorts its posts into, and which words of a post put it there.
//!
//! `rules` is what an organisation defines; [`Matcher`] is the same compiled, for many posts. The way of a post:
//! `words` lays its text out as words (leaving out what `address` finds, with the help of `parts`, `hashtag`
//! and `fold`), `stem` says which words are forms of one another, `pattern` holds what the rules ask for, and
//! `matcher` brings both together into the reasons of `reason`.

mod address;
mod fold;
mod hashtag;
mod matcher;
mod parts;
mod pattern;
mod post_text;
mod reason;
mod rules;
mod stem;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

pub use matcher::Matcher;
pub use post_text::PostText;
pub use reason::{Assignment, MAX_WORDS, Reason, Verdict};
pub use rules::{MAX_TOPICS, Rule, RuleKind, Rules, Topic};
