use chrono::{DateTime, Utc};
use cqrs_es::{DomainEvent, persist::SerializedEvent};
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use super::upcast;
use crate::{Position, StoreError, seal::payload};

/// The name in an event's metadata that says that it came with an archive.
pub(super) const RESTORED: &str = "restored";

/// An event as the log has it. Personal values in `payload` are sealed.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub position: Position,
    /// To the microsecond. Not in the order of positions: each append reads the clock by itself.
    pub recorded_at: DateTime<Utc>,
    /// The aggregate type: account, stage, source, post.
    pub stream_type: String,
    pub stream_id: Uuid,
    pub sequence: u64,
    pub event_type: String,
    pub event_version: String,
    pub payload: Box<RawValue>,
    pub metadata: Box<RawValue>,
    /// The SHA-256 that is left of a redacted payload, which is then `{}`.
    pub redacted: Option<Vec<u8>>,
}

impl Recorded {
    /// Whether what it said was redacted. Such an event has no form to be read in.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.payload.get() == "{}"
    }

    /// Whether it happened in another installation, and came here with an archive.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        let metadata = self.metadata.get();
        metadata.contains(RESTORED)
            && serde_json::from_str::<Value>(metadata).is_ok_and(|metadata| metadata.get(RESTORED).is_some())
    }

    /// The event in its present form. Personal values read as erased: a read model copies the sealed ones
    /// from `payload`.
    pub fn event<E: DomainEvent>(&self) -> Result<E, StoreError> {
        let read = match upcast::is_present(&self.event_type, &self.event_version) {
            // Straight from the text: a tree of values in between takes several times as long.
            true => serde_json::from_str(self.payload.get()),
            false => self.present().and_then(serde_json::from_value),
        };
        read.map_err(|source| self.unreadable(source))
    }

    /// The sealed JSON of one personal field, for instance `email`: an object that [`crate::Log::open`] opens.
    /// `None` when the event has no such field, or nothing personal in it.
    pub fn sealed(&self, field: &str) -> Result<Option<Value>, StoreError> {
        let mut payload = self.present().map_err(|source| self.unreadable(source))?;
        // The event's fields stand under its name.
        let fields = payload.as_object_mut().and_then(|variant| variant.values_mut().next());
        let value = fields.and_then(|fields| fields.get_mut(field)).map(Value::take);
        Ok(value.filter(|value| payload::mark_of(&mut value.clone()).is_some()))
    }

    fn present(&self) -> Result<Value, serde_json::Error> {
        let event = SerializedEvent {
            aggregate_id: self.stream_id.to_string(),
            sequence: self.sequence as usize,
            aggregate_type: self.stream_type.clone(),
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            payload: serde_json::from_str(self.payload.get())?,
            metadata: Value::Null,
        };
        Ok(upcast::upcast(event).payload)
    }

    pub(crate) fn unreadable(&self, source: serde_json::Error) -> StoreError {
        StoreError::Unreadable { position: self.position, event_type: self.event_type.clone(), source }
    }
}
