use serde::Serialize;
use serde_json::value::RawValue;
use stage_store::{
    Position, Recorded,
    seal::{Openness, PersonalValue},
};
use uuid::Uuid;

/// An event as an auditor reads it: the members of docs/audit.md, and what is personal in it. While nothing is
/// opened, its leaf in the tree of proofs can be recomputed from it.
#[derive(Clone, Debug, Serialize)]
pub struct AuditedEvent {
    pub position: Position,
    pub stream_type: String,
    pub stream_id: Uuid,
    pub sequence: u64,
    #[serde(rename = "type")]
    pub event_type: String,
    pub version: String,
    /// In UTC, with six digits after the point.
    pub time: String,
    pub payload: Box<RawValue>,
    pub metadata: Box<RawValue>,
    /// The SHA-256 that is left of a redacted payload, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacted: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub personal: Vec<PersonalMark>,
}

/// A personal value in the payload.
#[derive(Clone, Debug, Serialize)]
pub struct PersonalMark {
    /// Where in the payload (RFC 6901).
    pub at: String,
    /// The account that it is about.
    pub subject: Uuid,
    /// `sealed`, `open` (then the payload has it in the clear) or `erased`.
    pub state: &'static str,
}

impl AuditedEvent {
    pub(super) fn new(event: Recorded, personal: Vec<PersonalValue>) -> Self {
        let mark = |value: PersonalValue| PersonalMark {
            at: value.pointer,
            subject: value.subject.0,
            state: match value.state {
                Openness::Sealed => "sealed",
                Openness::Open => "open",
                Openness::Erased => "erased",
            },
        };
        Self {
            position: event.position,
            stream_type: event.stream_type,
            stream_id: event.stream_id,
            sequence: event.sequence,
            event_type: event.event_type,
            version: event.event_version,
            time: event.recorded_at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            payload: event.payload,
            metadata: event.metadata,
            redacted: event.redacted.map(hex::encode),
            personal: personal.into_iter().map(mark).collect(),
        }
    }
}
