use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{PostContent, RedactionReason};
use crate::{SourceId, StageId, TopicId, source::Network};

/// Every event names its stage, so that a read model can be built for each stage by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PostEvent {
    PostImported {
        stage_id: StageId,
        source_id: SourceId,
        network: Network,
        /// The network's own id for the post.
        network_id: String,
        content: Box<PostContent>,
        at: DateTime<Utc>,
    },
    PostRevised {
        stage_id: StageId,
        content: Box<PostContent>,
        at: DateTime<Utc>,
    },
    PostHidden {
        stage_id: StageId,
        at: DateTime<Utc>,
    },
    PostShown {
        stage_id: StageId,
        at: DateTime<Utc>,
    },
    PostPinned {
        stage_id: StageId,
        at: DateTime<Utc>,
    },
    PostUnpinned {
        stage_id: StageId,
        at: DateTime<Utc>,
    },
    /// `topics` is a person's own assignment; `None` gives the post back to the rules.
    PostAssigned {
        stage_id: StageId,
        topics: Option<Vec<TopicId>>,
        at: DateTime<Utc>,
    },
    /// The payloads of the events before this one that said what the post says are gone from the log; their digests
    /// are there. Holds all that remains to be known of the post.
    PostRedacted {
        stage_id: StageId,
        source_id: SourceId,
        reason: RedactionReason,
        at: DateTime<Utc>,
    },
}

impl PostEvent {
    /// Whose post it is.
    #[must_use]
    pub fn stage_id(&self) -> StageId {
        match self {
            Self::PostImported { stage_id, .. }
            | Self::PostRevised { stage_id, .. }
            | Self::PostHidden { stage_id, .. }
            | Self::PostShown { stage_id, .. }
            | Self::PostPinned { stage_id, .. }
            | Self::PostUnpinned { stage_id, .. }
            | Self::PostAssigned { stage_id, .. }
            | Self::PostRedacted { stage_id, .. } => *stage_id,
        }
    }

    /// The types whose payloads hold what a post says: what a redaction empties.
    pub const CONTENT: [&str; 2] = ["PostImported", "PostRevised"];
}

crate::event_types!(PostEvent {
    PostImported = "1",
    PostRevised = "1",
    PostHidden = "1",
    PostShown = "1",
    PostPinned = "1",
    PostUnpinned = "1",
    PostAssigned = "1",
    PostRedacted = "1",
});
