//! Taking in events that another installation gave out: with their streams, sequences and metadata, sealed anew, in
//! one transaction.

use cqrs_es::{Aggregate, DomainEvent as _};
use serde_json::{Map, Value};
use sqlx::{Postgres, Transaction};

use super::{
    Act, Appended, Log, Receipt,
    recorded::RESTORED,
    write::{self, Row},
};
use crate::{Position, StoreError, claim};

/// An event of another log, its personal values open.
pub struct Restored {
    pub stream_type: String,
    pub stream_id: uuid::Uuid,
    pub sequence: u64,
    pub event_type: String,
    pub event_version: String,
    pub payload: Value,
    /// JSON.
    pub metadata: String,
}

impl Restored {
    /// As it happened elsewhere. Its metadata say so from now on, so that nobody outside is told of it once more
    /// ([`super::Recorded::is_restored`]). Fails where they are no object.
    pub fn happened_elsewhere(mut self) -> Result<Self, serde_json::Error> {
        let mut metadata: Map<String, Value> = serde_json::from_str(&self.metadata)?;
        metadata.insert(RESTORED.to_owned(), Value::from("true"));
        self.metadata = Value::Object(metadata).to_string();
        Ok(self)
    }

    /// An event that says what has become different on the way here, and so happened here. By nobody: its metadata names
    /// no account.
    pub fn of<A: Aggregate>(
        stream_id: uuid::Uuid,
        sequence: u64,
        event: &A::Event,
    ) -> Result<Self, StoreError> {
        let event_type = event.event_type();
        let payload = serde_json::to_value(event).map_err(|source| StoreError::Unreadable {
            position: 0,
            event_type: event_type.clone(),
            source,
        })?;
        Ok(Self {
            stream_type: A::TYPE.to_owned(),
            stream_id,
            sequence,
            event_type,
            event_version: event.event_version(),
            payload,
            metadata: "{}".to_owned(),
        })
    }
}

/// A restoration that has begun. Dropped before its end, nothing of it is there.
pub struct Restoration<'a> {
    log: &'a Log,
    tx: Transaction<'static, Postgres>,
    act: Act,
    events: usize,
    position: Position,
}

impl Log {
    /// Begins with what the act brings: the claims and the person's key.
    pub async fn restore(&self, act: Act) -> Result<Restoration<'_>, StoreError> {
        let mut tx = self.pool.begin().await?;
        // In the order of every append.
        claim::apply(&mut tx, &self.keyring, &act.claims).await?;
        if let Some(subject) = &act.subject {
            subject.write(&mut tx, &self.keyring).await?;
        }
        Ok(Restoration { log: self, tx, act, events: 0, position: 0 })
    }
}

impl Restoration<'_> {
    /// Adds events in their order. One that is there already is a [`StoreError::Conflict`].
    pub async fn add(&mut self, events: Vec<Restored>) -> Result<(), StoreError> {
        // Events with the same metadata are written together, as those of one command are.
        let mut rows: Vec<Row> = Vec::new();
        let mut metadata: Option<String> = None;
        for event in events {
            if metadata.as_ref().is_some_and(|metadata| *metadata != event.metadata) {
                self.write(&mut rows, metadata.as_deref().unwrap_or("{}")).await?;
                rows.clear();
            }
            metadata = Some(event.metadata);
            rows.push(Row {
                stream_type: event.stream_type,
                stream_id: event.stream_id.to_string(),
                sequence: event.sequence,
                event_type: event.event_type,
                event_version: event.event_version,
                payload: event.payload.to_string(),
            });
        }
        self.write(&mut rows, metadata.as_deref().unwrap_or("{}")).await
    }

    async fn write(&mut self, rows: &mut [Row], metadata: &str) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.log.seal(&mut self.tx, rows, &self.act).await?;
        self.events += rows.len();
        self.position = write::insert(&mut *self.tx, rows, metadata, None).await?.position;
        Ok(())
    }

    /// Writes the rows of the other rooms and commits. `version` is what they are told.
    pub async fn finish(mut self, version: u64) -> Result<Receipt, StoreError> {
        let receipt = Receipt { position: self.position, version };
        write::also(&mut self.tx, &self.act, &Appended { receipt, events: self.events }).await?;
        self.tx.commit().await?;
        self.log.hint.appended(receipt.position);
        Ok(receipt)
    }
}
