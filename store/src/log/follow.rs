use super::{Log, Mark, Recorded};
use crate::{Position, StoreError};

/// Reads the log in order, behind the mark, and misses nothing.
pub struct Follower {
    log: Log,
    mark: Mark,
    position: Position,
}

impl Log {
    /// Follows the log from just after `after`, which is 0 or the position of an event that was read.
    #[must_use]
    pub fn follow(&self, after: Position) -> Follower {
        Follower { log: self.clone(), mark: Mark::new(self.pool.clone()), position: after }
    }
}

impl Follower {
    /// The next events, at most `limit`; empty when there is nothing new that is safe to read. After an error it
    /// goes on where it was.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        if self.mark.position() <= self.position {
            self.mark.advance().await?;
        }
        let up_to = self.mark.position();
        if up_to <= self.position {
            return Ok(Vec::new());
        }
        loop {
            let mut events = self.log.read(self.position, up_to, limit).await?;
            let Some(last) = events.last() else { return Ok(events) };
            self.position = last.position;
            // What was redacted says nothing any more; the event that tells of it does.
            events.retain(|event| !event.is_redacted());
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }

    /// The position of the last event that was handed out.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }
}
