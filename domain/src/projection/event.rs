use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProjectionEvent {
    /// An operator let the projection go on behind an event that it could not apply. A rebuild of the same version
    /// leaves out the same event; another version tries it again.
    EventSkipped {
        version: i32,
        /// Where the event stands in the log.
        position: i64,
        reason: String,
        at: DateTime<Utc>,
    },
}

crate::event_types!(ProjectionEvent { EventSkipped = "1" });
