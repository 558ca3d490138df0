use chrono::{DateTime, Utc};

use super::{Cursor, Failure, Network};
use crate::StageId;

#[derive(Clone, Debug)]
pub enum SourceCommand {
    /// `address` and `interval_minutes` are checked by the functions of the same names.
    Link {
        stage_id: StageId,
        network: Network,
        address: String,
        interval_minutes: u32,
        at: DateTime<Utc>,
    },
    /// `None` leaves a value as it is. A paused source is not polled.
    Change {
        interval_minutes: Option<u32>,
        paused: Option<bool>,
        at: DateTime<Utc>,
    },
    /// A poll brought a document. Recorded when it changed something: `imported` new posts, `revised`
    /// changed ones, the first document at all, another title, or the end of a failure.
    RecordImport {
        cursor: Cursor,
        title: Option<String>,
        imported: u32,
        revised: u32,
        at: DateTime<Utc>,
    },
    /// A poll brought nothing. Recorded when the kind of failure is a new one.
    RecordFailure {
        failure: Failure,
        at: DateTime<Utc>,
    },
    Unlink {
        at: DateTime<Utc>,
    },
}
