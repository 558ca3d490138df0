use chrono::{DateTime, Utc};

use crate::AuditorId;

#[derive(Clone, Debug)]
pub enum AccessCommand {
    /// An auditor had personal values of the person opened, in the events from one position to another.
    Record { auditor: AuditorId, from: i64, to: i64, at: DateTime<Utc> },
}
