//! The repository under cqrs-es, made for one try of one command. cqrs-es flattens every error to a text; the slot
//! keeps the cause, and what the command wrote.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cqrs_es::{
    Aggregate,
    persist::{
        PersistedEventRepository, PersistenceError, ReplayStream, SerializedEvent, SerializedSnapshot,
    },
};
use serde_json::Value;
use sqlx::{Postgres, pool::PoolConnection};

use super::{Act, Log, Receipt, write::Row};
use crate::{
    StoreError,
    seal::{SubjectKeys, payload},
};

#[derive(Default)]
pub(super) struct Slot(Mutex<Filled>);

#[derive(Default)]
struct Filled {
    receipt: Receipt,
    error: Option<StoreError>,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Filled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn receipt(&self) -> Receipt {
        self.lock().receipt
    }

    pub(super) fn take_error(&self) -> Option<StoreError> {
        self.lock().error.take()
    }

    fn keep(&self, result: Result<Receipt, StoreError>) -> Result<(), PersistenceError> {
        let mut filled = self.lock();
        match result {
            Ok(receipt) => {
                filled.receipt = receipt;
                Ok(())
            }
            Err(error) => {
                let flat = PersistenceError::UnknownError(error.to_string().into());
                filled.error = Some(error);
                Err(flat)
            }
        }
    }
}

pub(super) struct Repository {
    pub log: Log,
    pub act: Arc<Act>,
    /// Whether to look for events; otherwise the stream is taken to be new.
    pub load: bool,
    pub slot: Arc<Slot>,
    /// Those of whom the loaded events are about.
    pub keys: Mutex<SubjectKeys>,
    /// One for loading and appending: each release to the pool costs a question to the server.
    pub connection: tokio::sync::Mutex<PoolConnection<Postgres>>,
}

impl Repository {
    async fn stored<A: Aggregate>(&self, id: &str) -> Result<(Receipt, Vec<SerializedEvent>), StoreError> {
        let (stored, keys) = match self.load {
            true => self.log.stored(&mut *self.connection.lock().await, A::TYPE, id).await?,
            false => Default::default(),
        };
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
        let last = stored.last();
        let before = Receipt {
            position: last.map_or(0, |event| event.position),
            version: last.map_or(0, |event| event.sequence),
        };
        match self.act.expected {
            Some(expected) if expected != before.version => {
                Err(StoreError::Version { expected, actual: before.version })
            }
            _ => Ok((before, stored.into_iter().map(|event| event.serialized(A::TYPE)).collect())),
        }
    }
}

impl Repository {
    async fn written(&self, events: &[SerializedEvent]) -> Result<Receipt, StoreError> {
        let mut connection = self.connection.lock().await;
        let known = std::mem::take(&mut *self.keys.lock().unwrap_or_else(PoisonError::into_inner));
        let mut subjects = Vec::new();
        events.iter().for_each(|event| payload::subjects(&event.payload, &mut subjects));
        let rows: Vec<Row> = match subjects.is_empty() {
            true => events.iter().map(|event| row(event, event.payload.to_string())).collect(),
            false => {
                let keys = self.log.keys_of(&mut connection, subjects, &self.act, known).await?;
                events.iter().map(|event| sealed(event, &keys)).collect::<Result<_, _>>()?
            }
        };
        self.log.write(&mut connection, &rows, &self.act, self.slot.receipt()).await
    }
}

impl PersistedEventRepository for Repository {
    async fn get_events<A: Aggregate>(&self, id: &str) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let (before, events) = match self.stored::<A>(id).await {
            Ok((before, events)) => (Ok(before), events),
            Err(error) => (Err(error), Vec::new()),
        };
        self.slot.keep(before).map(|()| events)
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        _snapshot: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        let written = self.written(events).await;
        self.slot.keep(written)
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        _id: &str,
        _last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        Err(unused("reading on from a snapshot"))
    }

    async fn get_snapshot<A: Aggregate>(
        &self,
        _id: &str,
    ) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Err(unused("reading a snapshot"))
    }

    async fn stream_events<A: Aggregate>(&self, _id: &str) -> Result<ReplayStream, PersistenceError> {
        Err(unused("replaying a stream"))
    }

    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        Err(unused("replaying all streams"))
    }
}

fn sealed(event: &SerializedEvent, keys: &SubjectKeys) -> Result<Row, StoreError> {
    let place = payload::place(&event.aggregate_type, &event.aggregate_id, event.sequence as u64);
    Ok(row(event, payload::sealed(&event.payload, &place, keys)?))
}

fn row(event: &SerializedEvent, payload: String) -> Row {
    Row {
        stream_type: event.aggregate_type.clone(),
        stream_id: event.aggregate_id.clone(),
        sequence: event.sequence as u64,
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload,
    }
}

/// The framework asks for this only where it is set up to; ours is not. Streams are short, so there are no snapshots,
/// and the whole log is read by [`super::Follower`], which ends with an error or with everything.
fn unused(what: &str) -> PersistenceError {
    PersistenceError::UnknownError(format!("{what} is not what this repository is for").into())
}
