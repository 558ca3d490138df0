use chrono::{DateTime, Utc};

use crate::{AccountId, MediaId, TopicId, topics::Topic};

#[derive(Clone, Debug)]
pub enum StageCommand {
    /// `handle` is checked by [`super::handle`] and claimed in the same transaction.
    Create {
        owner: AccountId,
        name: String,
        handle: String,
        at: DateTime<Utc>,
    },
    /// `None` leaves a value as it is.
    Change {
        name: Option<String>,
        handle: Option<String>,
        at: DateTime<Utc>,
    },
    DefineTopic {
        topic: Topic,
        at: DateTime<Utc>,
    },
    /// Replaces the topic's name and rules.
    ChangeTopic {
        topic: Topic,
        at: DateTime<Utc>,
    },
    RemoveTopic {
        topic_id: TopicId,
        at: DateTime<Utc>,
    },
    AddMedia {
        media_id: MediaId,
        content_type: String,
        bytes: u64,
        sha256: String,
        at: DateTime<Utc>,
    },
    Close {
        at: DateTime<Utc>,
    },
}
