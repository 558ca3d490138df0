use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// The reason of what is withheld until a restriction ends. For ever: rows are kept under it.
pub const RESTRICTED: &str = "restricted";

/// What a recipient wants to be told of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Tells several deliveries about one event to one recipient apart.
    pub part: u8,
    /// The recipient's own name for what it is.
    pub kind: &'static str,
    /// What keeps its order: a delivery waits for earlier ones of its lane, and for no others.
    pub lane: String,
    /// The person whom it has to do with.
    pub about: Option<Uuid>,
    /// The person whose data it discloses to somebody else.
    pub subject: Option<Uuid>,
}

/// A delivery that is to be made now.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Delivery {
    /// The idempotency key: the same at every try.
    pub id: Uuid,
    pub kind: String,
    pub position: Option<i64>,
    pub about: Option<Uuid>,
    pub subject: Option<Uuid>,
    pub detail: Option<Value>,
    /// How often it was tried before.
    pub tries: i32,
    pub created_at: DateTime<Utc>,
}

/// The id of a delivery, made of what it is, so that nothing is enqueued twice. `what` is unique for the recipient.
#[must_use]
pub fn delivery_id(recipient: &str, what: &str) -> Uuid {
    /// A UUIDv4 drawn once, for nothing else.
    const DELIVERIES: Uuid = Uuid::from_u128(0x6d1c_1d52_6c0c_4f0b_9a53_2f6a_0c1e_7d84);
    Uuid::new_v5(&DELIVERIES, format!("{recipient}/{what}").as_bytes())
}
