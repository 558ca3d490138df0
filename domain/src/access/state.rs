use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{AccessCommand, AccessError, AccessEvent};
use crate::Decide;

/// How often a person's values were opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    pub reads: u64,
    pub last_read_at: Option<DateTime<Utc>>,
}

crate::aggregate!(Access, "access", AccessCommand, AccessEvent, AccessError);

impl Decide for Access {
    fn decide(&self, command: AccessCommand) -> Result<Vec<AccessEvent>, AccessError> {
        let AccessCommand::Record { auditor, from, to, at } = command;
        Ok(vec![AccessEvent::PersonalDataRead { auditor, from, to, at }])
    }
}

impl Access {
    pub(super) fn on(&mut self, event: AccessEvent) {
        let AccessEvent::PersonalDataRead { at, .. } = event;
        self.reads += 1;
        self.last_read_at = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::AuditorId;

    #[test]
    fn reading_again_is_told_again() {
        let at = DateTime::UNIX_EPOCH;
        let auditor = AuditorId::default();
        let read = AccessEvent::PersonalDataRead { auditor, from: 3, to: 9, at };
        TestFramework::<Access>::with(())
            .given(vec![read.clone()])
            .when(AccessCommand::Record { auditor, from: 3, to: 9, at })
            .then_expect_events(vec![read]);
    }
}
