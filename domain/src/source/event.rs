use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Cursor, Failure, Network};
use crate::StageId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceEvent {
    SourceLinked {
        stage_id: StageId,
        network: Network,
        address: String,
        interval_minutes: u32,
        at: DateTime<Utc>,
    },
    SourceChanged {
        interval_minutes: u32,
        paused: bool,
        at: DateTime<Utc>,
    },
    SourceImported {
        cursor: Cursor,
        title: Option<String>,
        imported: u32,
        revised: u32,
        at: DateTime<Utc>,
    },
    SourceFailed {
        failure: Failure,
        at: DateTime<Utc>,
    },
    SourceUnlinked {
        at: DateTime<Utc>,
    },
}

crate::event_types!(SourceEvent {
    SourceLinked = "1",
    SourceChanged = "1",
    SourceImported = "1",
    SourceFailed = "1",
    SourceUnlinked = "1",
});
