//! What every command carries besides its own values, and what it answers.

use serde::{Deserialize, Serialize};
use stage_domain::{AccountId, SessionId};
use uuid::Uuid;

use crate::Time;

/// Who asks: a person with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    pub account: AccountId,
    pub session: SessionId,
}

/// How a command was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Time,
    /// A fresh UUIDv7 for what the command may create.
    pub new_id: Uuid,
    /// The version of the stream that the client expects (`If-Match`).
    pub expected: Option<u64>,
    pub idempotency: Option<IdempotencyKey>,
}

/// The client's `Idempotency-Key` and what it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters, chosen by the client.
    pub key: String,
    /// SHA-256 over method, path and body: the same key with another request is refused.
    pub fingerprint: [u8; 32],
}

/// What a command answers: where it left its stream. Sent again for the same idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What was created or changed.
    pub id: Uuid,
    /// Of the stream that changed; the next `If-Match`.
    pub version: u64,
    /// Wait for this position to read what was written.
    pub position: i64,
}
