use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::PostContent;
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
}

crate::event_types!(PostEvent {
    PostImported = "1",
    PostRevised = "1",
    PostHidden = "1",
    PostShown = "1",
    PostPinned = "1",
    PostUnpinned = "1",
    PostAssigned = "1",
});
