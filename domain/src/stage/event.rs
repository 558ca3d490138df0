use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{AccountId, MediaId, TopicId, topics::Topic};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageEvent {
    StageCreated {
        owner: AccountId,
        name: String,
        handle: String,
        at: DateTime<Utc>,
    },
    StageRenamed {
        name: String,
        at: DateTime<Utc>,
    },
    StageHandleChanged {
        handle: String,
        at: DateTime<Utc>,
    },
    TopicDefined {
        topic: Topic,
        at: DateTime<Utc>,
    },
    TopicChanged {
        topic: Topic,
        at: DateTime<Utc>,
    },
    TopicRemoved {
        topic_id: TopicId,
        at: DateTime<Utc>,
    },
    /// `sha256` is the digest of the file's bytes in lower-case hex; the file lies in the object store.
    MediaAdded {
        media_id: MediaId,
        content_type: String,
        bytes: u64,
        sha256: String,
        at: DateTime<Utc>,
    },
    StageClosed {
        at: DateTime<Utc>,
    },
}

crate::event_types!(StageEvent {
    StageCreated = "1",
    StageRenamed = "1",
    StageHandleChanged = "1",
    TopicDefined = "1",
    TopicChanged = "1",
    TopicRemoved = "1",
    MediaAdded = "1",
    StageClosed = "1",
});
