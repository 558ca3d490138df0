use chrono::{DateTime, Utc};

use super::{PostContent, RedactionReason};
use crate::{SourceId, StageId, TopicId, source::Network};

#[derive(Clone, Debug)]
pub enum PostCommand {
    /// The network shows this post with this content: new, revised, or nothing new.
    Import {
        stage_id: StageId,
        source_id: SourceId,
        network: Network,
        network_id: String,
        content: Box<PostContent>,
        at: DateTime<Utc>,
    },
    Hide {
        at: DateTime<Utc>,
    },
    Show {
        at: DateTime<Utc>,
    },
    Pin {
        at: DateTime<Utc>,
    },
    Unpin {
        at: DateTime<Utc>,
    },
    /// A person's own assignment: it wins over the rules until it is given back to them with `None`.
    Assign {
        topics: Option<Vec<TopicId>>,
        at: DateTime<Utc>,
    },
    /// Takes what the post says out of the log, for good.
    Redact {
        reason: RedactionReason,
        at: DateTime<Utc>,
    },
}
