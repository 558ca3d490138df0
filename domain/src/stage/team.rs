//! Who belongs to a stage, and who was invited to.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Role, StageError, StageEvent};
use crate::{AccountId, InvitationId, Language};

/// At most this many members and open invitations a stage.
const MAX_MEMBERS: usize = 100;
/// At most this many invitations a stage and day, so that a stage is no means of sending mails to strangers.
const MAX_INVITATIONS_A_DAY: usize = 50;
const DAY: TimeDelta = TimeDelta::days(1);

/// The team of a stage. Whoever creates it is its first owner, and it is never without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub members: BTreeMap<AccountId, Role>,
    /// Those that were neither accepted nor withdrawn; also those that have expired.
    pub invitations: BTreeMap<InvitationId, Invitation>,
    /// When somebody was invited, within a day of the last time.
    invited_at: Vec<DateTime<Utc>>,
}

/// An invitation that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub role: Role,
    /// Of the mail.
    pub language: Language,
    pub invited_at: DateTime<Utc>,
    /// From then on it is as if it had never been.
    pub expires_at: DateTime<Utc>,
}

impl Team {
    #[must_use]
    pub fn role(&self, account: AccountId) -> Option<Role> {
        self.members.get(&account).copied()
    }

    /// The invitation, while it can be accepted.
    #[must_use]
    pub fn invitation(&self, id: InvitationId, now: DateTime<Utc>) -> Option<Invitation> {
        self.invitations.get(&id).copied().filter(|invitation| now < invitation.expires_at)
    }

    pub(super) fn invite(
        &self,
        invitation_id: InvitationId,
        role: Role,
        language: Language,
        expires_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<Vec<StageEvent>, StageError> {
        let open = self.invitations.values().filter(|invitation| at < invitation.expires_at).count();
        if self.members.len() + open >= MAX_MEMBERS {
            return Err(StageError::TooManyMembers);
        }
        if self.invited_at.iter().filter(|before| at - **before < DAY).count() >= MAX_INVITATIONS_A_DAY {
            return Err(StageError::TooManyInvitations);
        }
        Ok(vec![StageEvent::MemberInvited { invitation_id, role, language, expires_at, at }])
    }

    pub(super) fn accept(
        &self,
        invitation_id: InvitationId,
        member: AccountId,
        at: DateTime<Utc>,
    ) -> Result<Vec<StageEvent>, StageError> {
        let role = self.invitation(invitation_id, at).ok_or(StageError::NoSuchInvitation)?.role;
        match self.role(member) {
            Some(_) => Err(StageError::AlreadyMember),
            None => Ok(vec![StageEvent::InvitationAccepted { invitation_id, member, role, at }]),
        }
    }

    pub(super) fn withdraw(
        &self,
        invitation_id: InvitationId,
        at: DateTime<Utc>,
    ) -> Result<Vec<StageEvent>, StageError> {
        self.invitation(invitation_id, at).ok_or(StageError::NoSuchInvitation)?;
        Ok(vec![StageEvent::InvitationWithdrawn { invitation_id, at }])
    }

    pub(super) fn change_role(
        &self,
        member: AccountId,
        role: Role,
        at: DateTime<Utc>,
    ) -> Result<Vec<StageEvent>, StageError> {
        match self.role(member) {
            None => Err(StageError::NoSuchMember),
            Some(now) if now == role => Ok(vec![]),
            Some(_) if self.is_last_owner(member) => Err(StageError::LastOwner),
            Some(_) => Ok(vec![StageEvent::MemberRoleChanged { member, role, at }]),
        }
    }

    /// Whether the member can leave or be removed.
    pub(super) fn can_go(&self, member: AccountId) -> Result<(), StageError> {
        match self.role(member) {
            None => Err(StageError::NoSuchMember),
            Some(_) if self.is_last_owner(member) => Err(StageError::LastOwner),
            Some(_) => Ok(()),
        }
    }

    /// Whether the stage would be without an owner if it were not for this member.
    #[must_use]
    pub fn is_last_owner(&self, member: AccountId) -> bool {
        let mut owners = self.members.iter().filter(|(_, role)| **role == Role::Owner);
        owners.next().is_some_and(|(owner, _)| *owner == member) && owners.next().is_none()
    }

    pub(super) fn on(&mut self, event: &StageEvent) {
        match event {
            StageEvent::StageCreated { owner, .. } => {
                self.members.insert(*owner, Role::Owner);
            }
            StageEvent::MemberInvited { invitation_id, role, language, expires_at, at } => {
                let (role, language) = (*role, *language);
                let invitation = Invitation { role, language, invited_at: *at, expires_at: *expires_at };
                self.invitations.insert(*invitation_id, invitation);
                self.invited_at.retain(|before| *at - *before < DAY);
                self.invited_at.push(*at);
            }
            StageEvent::InvitationAccepted { invitation_id, member, role, .. } => {
                self.invitations.remove(invitation_id);
                self.members.insert(*member, *role);
            }
            StageEvent::InvitationWithdrawn { invitation_id, .. } => {
                self.invitations.remove(invitation_id);
            }
            StageEvent::MemberRoleChanged { member, role, .. } => {
                self.members.insert(*member, *role);
            }
            StageEvent::MemberRemoved { member, .. } | StageEvent::MemberLeft { member, .. } => {
                self.members.remove(member);
            }
            StageEvent::StageRenamed { .. }
            | StageEvent::StageHandleChanged { .. }
            | StageEvent::TopicDefined { .. }
            | StageEvent::TopicChanged { .. }
            | StageEvent::TopicRemoved { .. }
            | StageEvent::MediaAdded { .. }
            | StageEvent::StageClosed { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        Decide,
        stage::{Stage, StageCommand},
    };

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const WEEK: TimeDelta = TimeDelta::days(7);

    fn account(number: u128) -> AccountId {
        AccountId(Uuid::from_u128(number))
    }

    fn invitation(number: u128) -> InvitationId {
        InvitationId(Uuid::from_u128(number))
    }

    /// A stage of the account 1.
    fn created() -> StageEvent {
        StageEvent::StageCreated {
            owner: account(1),
            name: "Rathaus".into(),
            handle: "rathaus".into(),
            at: AT,
        }
    }

    fn invite(number: u128, role: Role, at: DateTime<Utc>) -> StageCommand {
        let (invitation_id, language) = (invitation(number), Language::De);
        StageCommand::Invite { invitation_id, role, language, expires_at: at + WEEK, at }
    }

    fn invited(number: u128, role: Role, at: DateTime<Utc>) -> StageEvent {
        let (invitation_id, language) = (invitation(number), Language::De);
        StageEvent::MemberInvited { invitation_id, role, language, expires_at: at + WEEK, at }
    }

    fn accept(number: u128, member: u128, at: DateTime<Utc>) -> StageCommand {
        StageCommand::AcceptInvitation { invitation_id: invitation(number), member: account(member), at }
    }

    fn accepted(number: u128, member: u128, role: Role) -> StageEvent {
        let (invitation_id, member) = (invitation(number), account(member));
        StageEvent::InvitationAccepted { invitation_id, member, role, at: AT }
    }

    fn when(given: Vec<StageEvent>, command: StageCommand, then: Vec<StageEvent>) {
        TestFramework::<Stage>::with(()).given(given).when(command).then_expect_events(then);
    }

    fn refused(given: Vec<StageEvent>, command: StageCommand, why: StageError) {
        TestFramework::<Stage>::with(()).given(given).when(command).then_expect_error(why);
    }

    #[test]
    fn whoever_is_invited_joins_with_the_role_of_the_invitation() {
        when(vec![created()], invite(7, Role::Editor, AT), vec![invited(7, Role::Editor, AT)]);
        let given = vec![created(), invited(7, Role::Editor, AT)];
        when(given, accept(7, 2, AT), vec![accepted(7, 2, Role::Editor)]);
    }

    #[test]
    fn an_invitation_counts_once_and_for_nobody_who_is_there_already() {
        let given = vec![created(), invited(7, Role::Editor, AT)];
        refused(given.clone(), accept(7, 1, AT), StageError::AlreadyMember);
        let given = [given, vec![accepted(7, 2, Role::Editor)]].concat();
        refused(given, accept(7, 3, AT), StageError::NoSuchInvitation);
    }

    #[test]
    fn an_invitation_that_expired_or_was_withdrawn_is_none() {
        let given = vec![created(), invited(7, Role::Editor, AT)];
        let withdraw = |at| StageCommand::WithdrawInvitation { invitation_id: invitation(7), at };
        refused(given.clone(), accept(7, 2, AT + WEEK), StageError::NoSuchInvitation);
        refused(given.clone(), withdraw(AT + WEEK), StageError::NoSuchInvitation);
        let withdrawn = StageEvent::InvitationWithdrawn { invitation_id: invitation(7), at: AT };
        when(given.clone(), withdraw(AT), vec![withdrawn.clone()]);
        let given = [given, vec![withdrawn]].concat();
        refused(given.clone(), accept(7, 2, AT), StageError::NoSuchInvitation);
        refused(given, withdraw(AT), StageError::NoSuchInvitation);
    }

    #[test]
    fn the_last_owner_neither_leaves_nor_is_demoted() {
        let (member, editor) = (account(1), Role::Editor);
        let demote = StageCommand::ChangeRole { member, role: editor, at: AT };
        let leave = StageCommand::Leave { member, at: AT };
        let remove = StageCommand::RemoveMember { member, at: AT };
        let alone = vec![created(), invited(7, editor, AT), accepted(7, 2, editor)];
        for command in [demote.clone(), leave.clone(), remove.clone()] {
            refused(alone.clone(), command, StageError::LastOwner);
        }
        let promoted = StageEvent::MemberRoleChanged { member: account(2), role: Role::Owner, at: AT };
        let shared = [alone, vec![promoted]].concat();
        let demoted = StageEvent::MemberRoleChanged { member, role: editor, at: AT };
        when(shared.clone(), demote, vec![demoted]);
        when(shared.clone(), leave, vec![StageEvent::MemberLeft { member, at: AT }]);
        when(shared, remove, vec![StageEvent::MemberRemoved { member, at: AT }]);
    }

    #[test]
    fn a_role_that_somebody_has_already_is_no_event_and_a_stranger_has_none() {
        let role = Role::Owner;
        when(vec![created()], StageCommand::ChangeRole { member: account(1), role, at: AT }, vec![]);
        let stranger = account(9);
        refused(
            vec![created()],
            StageCommand::ChangeRole { member: stranger, role, at: AT },
            StageError::NoSuchMember,
        );
        for command in [
            StageCommand::RemoveMember { member: stranger, at: AT },
            StageCommand::Leave { member: stranger, at: AT },
        ] {
            refused(vec![created()], command, StageError::NoSuchMember);
        }
    }

    #[test]
    fn a_stage_invites_no_more_than_fifty_people_a_day() {
        let withdrawn = |n| StageEvent::InvitationWithdrawn { invitation_id: invitation(n), at: AT };
        let mut given = vec![created()];
        for number in 0..50 {
            given.extend([invited(number, Role::Editor, AT), withdrawn(number)]);
        }
        let almost = AT + DAY - TimeDelta::seconds(1);
        refused(given.clone(), invite(50, Role::Editor, almost), StageError::TooManyInvitations);
        when(given, invite(50, Role::Editor, AT + DAY), vec![invited(50, Role::Editor, AT + DAY)]);
    }

    #[test]
    fn a_team_has_at_most_a_hundred_members_and_open_invitations() {
        let mut given = vec![created()];
        given.extend((0..50).map(|number| invited(number, Role::Editor, AT)));
        given.extend((50..99).map(|number| invited(number, Role::Editor, AT + DAY)));
        refused(given.clone(), invite(99, Role::Editor, AT + DAY * 2), StageError::TooManyMembers);
        // Those of the first day have expired.
        let later = AT + WEEK;
        when(given, invite(99, Role::Editor, later), vec![invited(99, Role::Editor, later)]);
    }

    /// Something that somebody tries.
    fn attempt() -> impl Strategy<Value = StageCommand> {
        let role = prop::sample::select(&Role::ALL[..]);
        let who = (1..4_u128).prop_map(account);
        prop_oneof![
            (0..6_u128, role.clone()).prop_map(|(number, role)| invite(number, role, AT)),
            (0..6_u128, 1..4_u128).prop_map(|(number, member)| accept(number, member, AT)),
            (who.clone(), role).prop_map(|(member, role)| StageCommand::ChangeRole { member, role, at: AT }),
            who.clone().prop_map(|member| StageCommand::RemoveMember { member, at: AT }),
            who.prop_map(|member| StageCommand::Leave { member, at: AT }),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_tried_a_stage_has_an_owner(attempts in prop::collection::vec(attempt(), 0..60)) {
            let mut stage = Stage::default();
            stage.on(created());
            for command in attempts {
                for event in stage.decide(command).unwrap_or_default() {
                    stage.on(event);
                }
                prop_assert!(stage.team.members.values().any(|role| *role == Role::Owner));
            }
        }
    }
}
