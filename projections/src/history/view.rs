use chrono::{DateTime, Utc};
use serde_json::Value;
use stage_domain::AccountId;
use stage_store::Position;
use uuid::Uuid;

/// Something that happened to a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    pub position: Position,
    pub at: DateTime<Utc>,
    /// What happened, as a word for programs: `topic_defined`.
    pub kind: String,
    /// `None` where the program did it by itself.
    pub by: Option<Who>,
    /// What it happened to: `stage`, `source` or `post`.
    pub stream_type: String,
    pub stream_id: Uuid,
    /// What is known about it by name: a topic's, how many posts were imported.
    pub detail: Value,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub account: AccountId,
    /// First and last name; `None` once the person is erased.
    pub name: Option<String>,
}

/// Entries, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    pub entries: Vec<HistoryEntry>,
    /// Further, older ones begin before this position.
    pub next: Option<Position>,
}
