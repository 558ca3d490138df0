use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How it stands with one recipient.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RecipientView {
    pub recipient: String,
    /// The position of the last event that was enqueued or found to be none of its business.
    pub position: i64,
    /// running, paused or failed.
    pub state: String,
    /// Why its consumer stopped, and where.
    pub error: Option<String>,
    pub failed_position: Option<i64>,
    pub waiting: i64,
    /// When the oldest that waits was enqueued.
    pub waiting_since: Option<DateTime<Utc>>,
    pub dead: i64,
    /// Of those whose rows are still kept.
    pub sent: i64,
    pub withheld: i64,
}

/// A recipient who was told something about a person and not yet to forget it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DisclosureView {
    pub recipient: String,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

/// A delivery that an operator may have to do something about.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DeliveryView {
    pub id: Uuid,
    pub recipient: String,
    pub kind: String,
    pub position: Option<i64>,
    /// waiting, sent, withheld, dead or dropped.
    pub state: String,
    pub tries: i32,
    pub created_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
}
