//! That somebody opened a person's values is an event of its own.

use std::collections::BTreeMap;

use stage_domain::{
    AuditorId,
    access::{Access, AccessEvent},
};
use stage_store::{
    Act, Batch, Log, Position, Recorded, StoreError,
    log::replay::versions,
    seal::{Openness, PersonalValue, personal_values},
};
use uuid::Uuid;

use super::{Audit, AuditedEvent, Sight};
use crate::{CommandError, Time};

/// Readers of the same person at once decide anew, each time with fewer others in the way.
const TRIES: usize = 10;

impl Audit {
    /// The events as this reader may see them.
    pub(super) async fn shown(
        &self,
        sight: Sight,
        mut events: Vec<Recorded>,
        now: Time,
    ) -> Result<Vec<AuditedEvent>, CommandError> {
        let personal = self.disclose(sight, &mut events, now).await?;
        Ok(events.into_iter().zip(personal).map(|(event, found)| AuditedEvent::new(event, found)).collect())
    }

    /// Opens what is personal where the reader may see it and asked to, and says of each value what it is now.
    /// When this returns, the log tells of what was opened.
    pub(super) async fn disclose(
        &self,
        sight: Sight,
        events: &mut [Recorded],
        now: Time,
    ) -> Result<Vec<Vec<PersonalValue>>, CommandError> {
        let (Some(log), Some(auditor)) = (&self.log, sight.0) else {
            return Ok(personal_values(&self.pool, events).await?);
        };
        let found = log.reveal(events).await?;
        record(log, auditor, &opened(events, &found), now).await?;
        Ok(found)
    }
}

/// Of each person of whom something was opened, the first and the last position where.
fn opened(events: &[Recorded], found: &[Vec<PersonalValue>]) -> BTreeMap<Uuid, (Position, Position)> {
    let mut spans: BTreeMap<Uuid, (Position, Position)> = BTreeMap::new();
    for (event, values) in events.iter().zip(found) {
        for value in values.iter().filter(|value| value.state == Openness::Open) {
            let span = spans.entry(value.subject.0).or_insert((event.position, event.position));
            span.1 = event.position;
        }
    }
    spans
}

async fn record(
    log: &Log,
    auditor: AuditorId,
    opened: &BTreeMap<Uuid, (Position, Position)>,
    at: Time,
) -> Result<(), CommandError> {
    if opened.is_empty() {
        return Ok(());
    }
    let people: Vec<Uuid> = opened.keys().copied().collect();
    for _ in 0..TRIES {
        let mut batch = Batch::default();
        let known = versions(log.pool(), "access", &people).await?;
        for ((person, (from, to)), version) in opened.iter().zip(known) {
            let event = AccessEvent::PersonalDataRead { auditor, from: *from, to: *to, at };
            batch.add::<Access>(*person, version, &[event])?;
        }
        match log.append(batch, Act::default()).await {
            Err(StoreError::Conflict) => {}
            done => return Ok(done.map(drop)?),
        }
    }
    Err(CommandError::Busy)
}
