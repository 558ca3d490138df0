use serde::{Deserialize, Serialize};

use super::{PostCommand, PostContent, PostError, PostEvent};
use crate::{Decide, SourceId, StageId, TopicId};

/// What the next decision about a post needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// `None` before the post is imported.
    pub home: Option<Home>,
    pub content: PostContent,
    pub hidden: bool,
    pub pinned: bool,
    /// A person's own assignment.
    pub assigned: Option<Vec<TopicId>>,
    /// What it said is gone, and importing it again does not bring it back.
    pub redacted: bool,
}

/// Where a post belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    pub stage_id: StageId,
    pub source_id: SourceId,
}

crate::aggregate!(Post, "post", PostCommand, PostEvent, PostError);

impl Decide for Post {
    fn decide(&self, command: PostCommand) -> Result<Vec<PostEvent>, PostError> {
        if let PostCommand::Import { stage_id, source_id, network, network_id, content, at } = command {
            return Ok(match self.home {
                Some(_) if self.redacted => vec![],
                None => {
                    vec![PostEvent::PostImported { stage_id, source_id, network, network_id, content, at }]
                }
                Some(_) if *content == self.content => vec![],
                Some(home) => vec![PostEvent::PostRevised { stage_id: home.stage_id, content, at }],
            });
        }
        let Home { stage_id, source_id } = self.home.ok_or(PostError::NotFound)?;
        if self.redacted {
            return match command {
                PostCommand::Redact { .. } => Ok(vec![]),
                _ => Err(PostError::NotFound),
            };
        }
        let change = match command {
            PostCommand::Import { .. } => None,
            PostCommand::Hide { at } => (!self.hidden).then_some(PostEvent::PostHidden { stage_id, at }),
            PostCommand::Show { at } => self.hidden.then_some(PostEvent::PostShown { stage_id, at }),
            PostCommand::Pin { at } => (!self.pinned).then_some(PostEvent::PostPinned { stage_id, at }),
            PostCommand::Unpin { at } => self.pinned.then_some(PostEvent::PostUnpinned { stage_id, at }),
            PostCommand::Assign { topics, at } => {
                (topics != self.assigned).then_some(PostEvent::PostAssigned { stage_id, topics, at })
            }
            PostCommand::Redact { reason, at } => {
                Some(PostEvent::PostRedacted { stage_id, source_id, reason, at })
            }
        };
        Ok(change.into_iter().collect())
    }
}

impl Post {
    pub(super) fn on(&mut self, event: PostEvent) {
        match event {
            PostEvent::PostImported { stage_id, source_id, content, .. } => {
                self.home = Some(Home { stage_id, source_id });
                self.content = *content;
            }
            PostEvent::PostRevised { content, .. } => self.content = *content,
            PostEvent::PostHidden { .. } => self.hidden = true,
            PostEvent::PostShown { .. } => self.hidden = false,
            PostEvent::PostPinned { .. } => self.pinned = true,
            PostEvent::PostUnpinned { .. } => self.pinned = false,
            PostEvent::PostAssigned { topics, .. } => self.assigned = topics,
            // Read again, the events before this one say nothing any more; this one says enough.
            PostEvent::PostRedacted { stage_id, source_id, .. } => {
                let home = Some(Home { stage_id, source_id });
                *self = Self { home, redacted: true, ..Self::default() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::{post::RedactionReason, source::Network};

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn content(text: &str) -> Box<PostContent> {
        Box::new(PostContent { text: text.into(), ..PostContent::default() })
    }

    fn import(text: &str) -> PostCommand {
        PostCommand::Import {
            stage_id: StageId::default(),
            source_id: SourceId::default(),
            network: Network::Feed,
            network_id: "1".into(),
            content: content(text),
            at: AT,
        }
    }

    fn imported(text: &str) -> PostEvent {
        PostEvent::PostImported {
            stage_id: StageId::default(),
            source_id: SourceId::default(),
            network: Network::Feed,
            network_id: "1".into(),
            content: content(text),
            at: AT,
        }
    }

    fn when(given: Vec<PostEvent>, command: PostCommand, then: Vec<PostEvent>) {
        TestFramework::<Post>::with(()).given(given).when(command).then_expect_events(then);
    }

    #[test]
    fn a_post_is_imported_then_revised_and_otherwise_left_alone() {
        when(vec![], import("a"), vec![imported("a")]);
        when(vec![imported("a")], import("a"), vec![]);
        let revised = PostEvent::PostRevised { stage_id: StageId::default(), content: content("b"), at: AT };
        when(vec![imported("a")], import("b"), vec![revised]);
    }

    #[test]
    fn hiding_what_is_hidden_is_no_event() {
        let hidden = PostEvent::PostHidden { stage_id: StageId::default(), at: AT };
        when(vec![imported("a")], PostCommand::Hide { at: AT }, vec![hidden.clone()]);
        when(vec![imported("a"), hidden.clone()], PostCommand::Hide { at: AT }, vec![]);
        let shown = PostEvent::PostShown { stage_id: StageId::default(), at: AT };
        when(vec![imported("a"), hidden], PostCommand::Show { at: AT }, vec![shown]);
    }

    #[test]
    fn a_post_that_was_never_imported_is_not_moderated() {
        TestFramework::<Post>::with(())
            .given_no_previous_events()
            .when(PostCommand::Pin { at: AT })
            .then_expect_error(PostError::NotFound);
    }

    #[test]
    fn a_redacted_post_is_gone_and_never_comes_back() {
        let reason = RedactionReason::PersonalData;
        let redact = PostCommand::Redact { reason, at: AT };
        let (stage_id, source_id) = (StageId::default(), SourceId::default());
        let redacted = PostEvent::PostRedacted { stage_id, source_id, reason, at: AT };
        when(vec![imported("a")], redact.clone(), vec![redacted.clone()]);
        // As the log has it afterwards: with what it said, and without.
        for given in [vec![imported("a"), redacted.clone()], vec![redacted]] {
            when(given.clone(), import("a"), vec![]);
            when(given.clone(), import("b"), vec![]);
            when(given.clone(), redact.clone(), vec![]);
            TestFramework::<Post>::with(())
                .given(given)
                .when(PostCommand::Pin { at: AT })
                .then_expect_error(PostError::NotFound);
        }
    }
}
