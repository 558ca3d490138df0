use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ProjectionCommand, ProjectionEvent, ProjectionRefusal};
use crate::Decide;

/// Under which the names of projections become ids of streams. Any number would do; it must stay.
const NAMES: Uuid = Uuid::from_u128(0x5374_6167_6500_5000_8000_7072_6f6a_6563);

/// What the next decision about a projection needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// Versions and the positions of the events that each skips.
    pub skipped: BTreeSet<(i32, i64)>,
}

/// The stream of the projection with this name.
#[must_use]
pub fn id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMES, name.as_bytes())
}

crate::aggregate!(Projection, "projection", ProjectionCommand, ProjectionEvent, ProjectionRefusal);

impl Decide for Projection {
    fn decide(&self, command: ProjectionCommand) -> Result<Vec<ProjectionEvent>, ProjectionRefusal> {
        let ProjectionCommand::Skip { version, position, reason, at } = command;
        if self.skipped.contains(&(version, position)) {
            return Err(ProjectionRefusal::AlreadySkipped);
        }
        Ok(vec![ProjectionEvent::EventSkipped { version, position, reason, at }])
    }
}

impl Projection {
    /// What the event makes of it.
    pub fn on(&mut self, event: ProjectionEvent) {
        let ProjectionEvent::EventSkipped { version, position, .. } = event;
        self.skipped.insert((version, position));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::{DateTime, Utc};
    use cqrs_es::test::TestFramework;

    use super::*;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn skip(version: i32) -> ProjectionCommand {
        ProjectionCommand::skip(version, 7, " a broken import ", AT).unwrap()
    }

    fn skipped(version: i32) -> ProjectionEvent {
        ProjectionEvent::EventSkipped { version, position: 7, reason: "a broken import".into(), at: AT }
    }

    #[test]
    fn an_event_is_skipped_once_by_each_version() {
        let given = |events| TestFramework::<Projection>::with(()).given(events);
        given(vec![]).when(skip(1)).then_expect_events(vec![skipped(1)]);
        given(vec![skipped(1)]).when(skip(2)).then_expect_events(vec![skipped(2)]);
        given(vec![skipped(1)]).when(skip(1)).then_expect_error(ProjectionRefusal::AlreadySkipped);
    }

    #[test]
    fn a_skip_without_a_reason_is_refused() {
        assert!(ProjectionCommand::skip(1, 7, " ", AT).is_err());
    }
}
