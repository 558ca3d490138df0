//! Events as auditors read them.

use serde::Serialize;
use serde_json::value::RawValue;
use stage_commands::audit::{AuditedEvent, PersonalMark};
use utoipa::ToSchema;
use uuid::Uuid;

/// An event of the log. While nothing is opened, its leaf in the tree of proofs can be recomputed from it
/// (docs/audit.md).
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    #[schema(minimum = 1)]
    position: i64,
    /// The type of the stream: `account`, `stage`, `source`, `post`, `access`, …
    stream_type: String,
    stream_id: Uuid,
    /// Where it stands in its stream: 1, 2, 3, …
    #[schema(minimum = 1)]
    sequence: u64,
    #[serde(rename = "type")]
    event_type: String,
    version: String,
    /// When it was written down, in UTC.
    #[schema(format = DateTime)]
    time: String,
    /// As it is stored, but for what was opened. `{}` once it is redacted.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// The SHA-256 that is left of a redacted payload, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    redacted: Option<String>,
    /// The personal values in the payload.
    personal: Vec<PersonalPlace>,
}

/// A personal value in a payload.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonalPlace {
    /// Where in the payload (RFC 6901).
    at: String,
    /// The account that it is about.
    subject: Uuid,
    #[schema(value_type = PersonalState)]
    state: &'static str,
}

/// What became of a personal value.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "for the contract alone: the words come from the room commands")]
pub(crate) enum PersonalState {
    /// Ask with `personal=true` to have it opened.
    Sealed,
    /// The payload has it in the clear.
    Open,
    /// The person's key was destroyed, and the value with it.
    Erased,
}

impl From<AuditedEvent> for AuditEvent {
    fn from(event: AuditedEvent) -> Self {
        let place =
            |mark: PersonalMark| PersonalPlace { at: mark.at, subject: mark.subject, state: mark.state };
        Self {
            position: event.position,
            stream_type: event.stream_type,
            stream_id: event.stream_id,
            sequence: event.sequence,
            event_type: event.event_type,
            version: event.version,
            time: event.time,
            payload: event.payload,
            metadata: event.metadata,
            redacted: event.redacted,
            personal: event.personal.into_iter().map(place).collect(),
        }
    }
}
