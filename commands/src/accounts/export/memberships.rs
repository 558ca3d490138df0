//! The teams that the person belongs to or once did, and how that came about.

use serde::Serialize;
use stage_domain::{
    AccountId, InvitationId, StageId,
    stage::{Role, Stage, StageEvent},
};
use uuid::Uuid;

use super::archive::{PAGE, is_of};
use crate::{CommandError, Commands, Time};

#[derive(Serialize)]
pub(super) struct MembershipShape<'a> {
    stage_id: StageId,
    name: &'a str,
    handle: &'a str,
    closed: bool,
    /// Null once the person has left.
    role: Option<Role>,
    /// Whether the stage itself is in this archive: with its owners it is.
    in_archive: bool,
    history: Vec<Step>,
}

/// What happened to the membership. Of a stage that is not in the archive this is all that the log says about the person.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Step {
    at: Time,
    what: What,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation_id: Option<InvitationId>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Created,
    InvitationAccepted,
    RoleChanged,
    Removed,
    Left,
}

impl Commands {
    pub(super) async fn memberships<'a>(
        &self,
        account: AccountId,
        joined: &'a [(Uuid, Stage)],
    ) -> Result<Vec<MembershipShape<'a>>, CommandError> {
        let mut memberships = Vec::with_capacity(joined.len());
        for (id, stage) in joined {
            memberships.push(MembershipShape {
                stage_id: StageId(*id),
                name: &stage.name,
                handle: &stage.handle,
                closed: !stage.is_open(),
                role: stage.team.role(account),
                in_archive: is_of(account, stage),
                history: self.steps(account, *id).await?,
            });
        }
        Ok(memberships)
    }

    async fn steps(&self, account: AccountId, stage: Uuid) -> Result<Vec<Step>, CommandError> {
        let (mut steps, mut after) = (Vec::new(), None);
        loop {
            let events = self.log.opened("stage", &[stage], after, PAGE as i64).await?;
            let Some(last) = events.last() else { return Ok(steps) };
            after = Some((last.stream_id, last.sequence));
            for event in events {
                steps.extend(step(account, event.event()?));
            }
        }
    }
}

/// What the event says about this person's membership, if anything.
fn step(account: AccountId, event: StageEvent) -> Option<Step> {
    let step = |at, what, role, invitation_id| Some(Step { at, what, role, invitation_id });
    match event {
        StageEvent::StageCreated { owner, at, .. } if owner == account => {
            step(at, What::Created, Some(Role::Owner), None)
        }
        StageEvent::InvitationAccepted { invitation_id, member, role, at } if member == account => {
            step(at, What::InvitationAccepted, Some(role), Some(invitation_id))
        }
        StageEvent::MemberRoleChanged { member, role, at } if member == account => {
            step(at, What::RoleChanged, Some(role), None)
        }
        StageEvent::MemberRemoved { member, at } if member == account => step(at, What::Removed, None, None),
        StageEvent::MemberLeft { member, at } if member == account => step(at, What::Left, None, None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_to_the_person_is_in_their_history() {
        let (ada, bob) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let at = Time::UNIX_EPOCH;
        let changed = StageEvent::MemberRoleChanged { member: ada, role: Role::Editor, at };
        let expected = Step { at, what: What::RoleChanged, role: Some(Role::Editor), invitation_id: None };
        assert_eq!(step(ada, changed.clone()), Some(expected));
        assert_eq!(step(bob, changed), None);
        assert_eq!(step(ada, StageEvent::StageClosed { at }), None);
    }
}
