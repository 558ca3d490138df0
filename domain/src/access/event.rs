use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::AuditorId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessEvent {
    /// Written before the values are handed out. `from` and `to` are the positions of the first and the last event
    /// in which a value of this person was opened.
    PersonalDataRead { auditor: AuditorId, from: i64, to: i64, at: DateTime<Utc> },
}

crate::event_types!(AccessEvent { PersonalDataRead = "1" });
