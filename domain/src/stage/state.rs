use serde::{Deserialize, Serialize};

use super::{StageCommand, StageError, StageEvent, Team};
use crate::{AccountId, Decide, MediaId, TopicId, topics};

/// At most this many files a stage.
const MAX_MEDIA: usize = 200;

/// What the next decision about a stage needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Who created it; `None` before that. Who owns it now, the team says.
    pub owner: Option<AccountId>,
    pub name: String,
    pub handle: String,
    pub topics: Vec<topics::Topic>,
    pub media: Vec<MediaId>,
    pub team: Team,
    pub closed: bool,
}

crate::aggregate!(Stage, "stage", StageCommand, StageEvent, StageError);

impl Stage {
    /// Whether there is a stage: created and not closed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.owner.is_some() && !self.closed
    }

    #[must_use]
    pub fn topic(&self, id: TopicId) -> Option<&topics::Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }
}

impl Decide for Stage {
    fn decide(&self, command: StageCommand) -> Result<Vec<StageEvent>, StageError> {
        if let StageCommand::Create { owner, name, handle, at } = command {
            return match self.owner {
                Some(_) => Err(StageError::AlreadyCreated),
                None => Ok(vec![StageEvent::StageCreated { owner, name, handle, at }]),
            };
        }
        if !self.is_open() {
            return Err(StageError::NotFound);
        }
        match command {
            StageCommand::Create { .. } => Err(StageError::AlreadyCreated),
            StageCommand::Change { name, handle, at } => Ok([
                name.filter(|name| *name != self.name).map(|name| StageEvent::StageRenamed { name, at }),
                handle
                    .filter(|handle| *handle != self.handle)
                    .map(|handle| StageEvent::StageHandleChanged { handle, at }),
            ]
            .into_iter()
            .flatten()
            .collect()),
            StageCommand::DefineTopic { topic, at } => self.define(topic, at),
            StageCommand::ChangeTopic { topic, at } => self.change(topic, at),
            StageCommand::RemoveTopic { topic_id, at } => match self.topic(topic_id) {
                Some(_) => Ok(vec![StageEvent::TopicRemoved { topic_id, at }]),
                None => Err(StageError::NoSuchTopic),
            },
            StageCommand::AddMedia { .. } if self.media.len() >= MAX_MEDIA => Err(StageError::TooManyMedia),
            StageCommand::AddMedia { media_id, content_type, bytes, sha256, at } => {
                Ok(vec![StageEvent::MediaAdded { media_id, content_type, bytes, sha256, at }])
            }
            StageCommand::Invite { invitation_id, role, language, expires_at, at } => {
                self.team.invite(invitation_id, role, language, expires_at, at)
            }
            StageCommand::AcceptInvitation { invitation_id, member, at } => {
                self.team.accept(invitation_id, member, at)
            }
            StageCommand::WithdrawInvitation { invitation_id, at } => self.team.withdraw(invitation_id, at),
            StageCommand::ChangeRole { member, role, at } => self.team.change_role(member, role, at),
            StageCommand::RemoveMember { member, at } => {
                self.team.can_go(member)?;
                Ok(vec![StageEvent::MemberRemoved { member, at }])
            }
            StageCommand::Leave { member, at } => {
                self.team.can_go(member)?;
                Ok(vec![StageEvent::MemberLeft { member, at }])
            }
            StageCommand::Close { at } => Ok(vec![StageEvent::StageClosed { at }]),
        }
    }
}

impl Stage {
    fn define(
        &self,
        topic: topics::Topic,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Vec<StageEvent>, StageError> {
        if self.topics.len() >= topics::MAX_TOPICS {
            return Err(StageError::TooManyTopics);
        }
        self.name_is_free(&topic)?;
        Ok(vec![StageEvent::TopicDefined { topic, at }])
    }

    fn change(
        &self,
        topic: topics::Topic,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Vec<StageEvent>, StageError> {
        let today = self.topic(topic.id).ok_or(StageError::NoSuchTopic)?;
        self.name_is_free(&topic)?;
        if *today == topic {
            return Ok(vec![]);
        }
        Ok(vec![StageEvent::TopicChanged { topic, at }])
    }

    fn name_is_free(&self, topic: &topics::Topic) -> Result<(), StageError> {
        let name = topic.name.to_lowercase();
        match self.topics.iter().any(|other| other.id != topic.id && other.name.to_lowercase() == name) {
            true => Err(StageError::TopicNameTaken),
            false => Ok(()),
        }
    }

    pub(super) fn on(&mut self, event: StageEvent) {
        self.team.on(&event);
        match event {
            StageEvent::StageCreated { owner, name, handle, .. } => {
                self.owner = Some(owner);
                self.name = name;
                self.handle = handle;
            }
            StageEvent::StageRenamed { name, .. } => self.name = name,
            StageEvent::StageHandleChanged { handle, .. } => self.handle = handle,
            StageEvent::TopicDefined { topic, .. } => self.topics.push(topic),
            StageEvent::TopicChanged { topic, .. } => {
                self.topics.iter_mut().filter(|t| t.id == topic.id).for_each(|t| *t = topic.clone());
            }
            StageEvent::TopicRemoved { topic_id, .. } => self.topics.retain(|t| t.id != topic_id),
            StageEvent::MediaAdded { media_id, .. } => self.media.push(media_id),
            StageEvent::StageClosed { .. } => self.closed = true,
            StageEvent::MemberInvited { .. }
            | StageEvent::InvitationAccepted { .. }
            | StageEvent::InvitationWithdrawn { .. }
            | StageEvent::MemberRoleChanged { .. }
            | StageEvent::MemberRemoved { .. }
            | StageEvent::MemberLeft { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;
    use crate::topics::{Rules, Topic};

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn created() -> StageEvent {
        let owner = AccountId(Uuid::from_u128(1));
        StageEvent::StageCreated { owner, name: "Rathaus".into(), handle: "rathaus".into(), at: AT }
    }

    fn topic(id: u128, name: &str) -> Topic {
        Topic { id: TopicId(Uuid::from_u128(id)), name: name.into(), rules: Rules::default() }
    }

    #[test]
    fn a_stage_is_created_once() {
        let owner = AccountId(Uuid::from_u128(1));
        let create = StageCommand::Create { owner, name: "Rathaus".into(), handle: "rathaus".into(), at: AT };
        TestFramework::<Stage>::with(())
            .given_no_previous_events()
            .when(create.clone())
            .then_expect_events(vec![created()]);
        TestFramework::<Stage>::with(())
            .given(vec![created()])
            .when(create)
            .then_expect_error(StageError::AlreadyCreated);
    }

    #[test]
    fn a_change_to_what_is_already_so_is_no_event() {
        TestFramework::<Stage>::with(())
            .given(vec![created()])
            .when(StageCommand::Change { name: Some("Rathaus".into()), handle: None, at: AT })
            .then_expect_events(vec![]);
    }

    #[test]
    fn two_topics_of_a_stage_differ_in_name_whatever_the_case() {
        let given = vec![created(), StageEvent::TopicDefined { topic: topic(1, "Kultur"), at: AT }];
        TestFramework::<Stage>::with(())
            .given(given)
            .when(StageCommand::DefineTopic { topic: topic(2, "KULTUR"), at: AT })
            .then_expect_error(StageError::TopicNameTaken);
    }

    #[test]
    fn a_topic_that_is_not_there_is_neither_changed_nor_removed() {
        let unknown = topic(9, "Sport");
        TestFramework::<Stage>::with(())
            .given(vec![created()])
            .when(StageCommand::ChangeTopic { topic: unknown.clone(), at: AT })
            .then_expect_error(StageError::NoSuchTopic);
        TestFramework::<Stage>::with(())
            .given(vec![created()])
            .when(StageCommand::RemoveTopic { topic_id: unknown.id, at: AT })
            .then_expect_error(StageError::NoSuchTopic);
    }

    #[test]
    fn a_closed_stage_is_gone() {
        TestFramework::<Stage>::with(())
            .given(vec![created(), StageEvent::StageClosed { at: AT }])
            .when(StageCommand::Close { at: AT })
            .then_expect_error(StageError::NotFound);
    }
}
