//! The steps on a view's way from its reader to its count, named so that a test can end a process at each of them.

use std::{fmt, sync::Arc};

/// What was done just now. Whatever comes next may never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The journal has a new file, and nothing is in it.
    FileMade,
    /// Views are in the journal; nobody was answered.
    WrittenDown,
    /// The publisher has taken over the files of processes that are gone.
    Adopted,
    /// The publisher has read records from a journal.
    Read,
    /// A message is on its way to JetStream; nobody knows whether it arrived.
    Sent,
    /// JetStream has a message; the publisher has not taken note of it.
    Stored,
    /// The publisher knows which files are counted to their end; all are still there.
    Compared,
    /// Those files are deleted; PostgreSQL has not taken note of it.
    Deleted,
    /// PostgreSQL knows that the files are gone.
    Finished,
    /// A counter leads; it has read nothing.
    Elected,
    /// The counter has messages; nothing is counted.
    Received,
    /// The counts are written; the transaction is open.
    Added,
    /// The counts are committed; the counter has not taken note of it.
    Committed,
    /// The counted messages are taken from the stream.
    Purged,
}

/// Who hears of each step. In the program that is nobody.
#[derive(Clone, Default)]
pub struct Steps(pub Option<Arc<dyn Fn(Step) + Send + Sync>>);

impl Steps {
    pub(super) fn reached(&self, step: Step) {
        if let Some(hear) = &self.0 {
            hear(step);
        }
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Steps(heard)" } else { "Steps(unheard)" })
    }
}
