use std::time::Duration;

use stage_store::{Position, Reader};

use super::{Audit, AuditedEvent, Sight};
use crate::{CommandError, Time};

/// How long a reader waits for appends that are in progress. They take milliseconds; one that hangs is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A page of the log.
#[derive(Debug)]
pub struct Page {
    pub events: Vec<AuditedEvent>,
    /// The high-water mark: how far the log is safe to read now. Nothing will ever come before it.
    pub mark: Position,
}

impl Audit {
    /// The high-water mark. `known` is a position that somebody who follows the log has passed, such as a read model;
    /// it helps while an append that hangs holds the mark back from this program's first look on.
    pub async fn mark(&self, known: Position) -> Result<Position, CommandError> {
        let mut mark = self.mark.lock().await;
        mark.raise(known);
        Ok(mark.look(PATIENCE).await?)
    }

    /// Events after `after` up to the mark, in order, at most `limit`.
    pub async fn events(
        &self,
        sight: Sight,
        after: Position,
        limit: usize,
        known: Position,
        now: Time,
    ) -> Result<Page, CommandError> {
        let mark = self.mark(known).await?;
        let events = Reader::new(self.pool.clone()).read(after, mark, None, limit).await?;
        Ok(Page { events: self.shown(sight, events, now).await?, mark })
    }
}
