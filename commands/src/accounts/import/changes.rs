//! What is different here from where the archive comes from, and so is said by events behind those of the archive.

use std::collections::BTreeSet;

use stage_domain::{
    AccountId,
    account::{Account, AccountEvent, Restriction},
    stage::{Stage, StageEvent},
};
use stage_store::Restored;
use uuid::Uuid;

use super::belongings::Belongings;
use crate::{CommandError, Commands, Time};

impl Commands {
    /// Members of the stages who have no account here. They can be invited anew.
    pub(super) async fn absent_members(
        &self,
        belongings: &Belongings,
    ) -> Result<BTreeSet<AccountId>, CommandError> {
        let members =
            belongings.stages_with_versions().flat_map(|(_, stage)| stage.aggregate.team.members.keys());
        let others: BTreeSet<Uuid> =
            members.filter(|member| **member != belongings.account()).map(|member| member.0).collect();
        let others: Vec<Uuid> = others.into_iter().collect();
        let accounts = self.log.load_many::<Account>(&others).await?;
        let absent = others.iter().zip(accounts).filter(|(_, account)| !account.aggregate.is_open());
        Ok(absent.map(|(id, _)| AccountId(*id)).collect())
    }
}

/// The second factor is off: its secret stayed behind. The end of a restriction that was under way is announced from here. And
/// whoever is not here is in no team.
pub(super) fn events(
    belongings: &Belongings,
    absent: &BTreeSet<AccountId>,
    at: Time,
) -> Result<Vec<Restored>, CommandError> {
    let mut events = Vec::new();
    let account = belongings.account_as_it_was();
    let factor = account.aggregate.second_factor.then_some(AccountEvent::SecondFactorDisabled { at });
    let ends = account.aggregate.restriction == Restriction::Ending;
    let ending = ends.then_some(AccountEvent::RestrictionLiftAnnounced { at });
    for (sequence, event) in (account.version + 1..).zip(factor.into_iter().chain(ending)) {
        events.push(Restored::of::<Account>(belongings.account().0, sequence, &event)?);
    }
    for (stage, loaded) in belongings.stages_with_versions() {
        let gone = loaded.aggregate.team.members.keys().filter(|member| absent.contains(*member));
        for (sequence, member) in (loaded.version + 1..).zip(gone) {
            let removed = StageEvent::MemberRemoved { member: *member, at };
            events.push(Restored::of::<Stage>(stage.0, sequence, &removed)?);
        }
    }
    Ok(events)
}
