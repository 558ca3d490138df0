use cqrs_es::{Aggregate, DomainEvent};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Act, Log, Receipt,
    execute::Tries,
    write::{self, Row},
};
use crate::{StoreError, seal::payload};

/// Events of several streams that are appended together or not at all.
#[derive(Default)]
pub struct Batch {
    rows: Vec<Row>,
}

impl Batch {
    /// Adds what a decision led to. `version` is the version that the decision was made on.
    pub fn add<A: Aggregate>(
        &mut self,
        id: Uuid,
        version: u64,
        events: &[A::Event],
    ) -> Result<(), StoreError> {
        let stream_id = id.to_string();
        for (event, sequence) in events.iter().zip(version + 1..) {
            let event_type = event.event_type();
            let payload = serde_json::to_string(event)
                .map_err(|source| StoreError::Unwritable { event_type: event_type.clone(), source })?;
            self.rows.push(Row {
                stream_type: A::TYPE.to_owned(),
                stream_id: stream_id.clone(),
                sequence,
                event_type,
                event_version: event.event_version(),
                payload,
            });
        }
        Ok(())
    }

    /// Appends within the caller's transaction, without keys: for what an operator's command does to a database whose
    /// master key it has no use for. Refuses whatever might be personal, with [`StoreError::NoSubjectKey`].
    pub async fn append_impersonal(&self, tx: &mut PgConnection) -> Result<Receipt, StoreError> {
        if self.rows.iter().any(|row| payload::is_suspect(&row.payload)) {
            return Err(StoreError::NoSubjectKey);
        }
        write::insert(tx, &self.rows, &Act::default().metadata_json(), None).await
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }
}

impl Log {
    /// Appends to several streams in one transaction, in the order in which they were added. A conflict is the
    /// caller's to decide anew: each stream's version is in the batch, so `expected` and `new` say nothing here.
    pub async fn append(&self, batch: Batch, act: Act) -> Result<Receipt, StoreError> {
        let mut rows = batch.rows;
        let mut tries = Tries::default();
        loop {
            let mut connection = self.pool.acquire().await?;
            let sealed = self.seal(&mut connection, &mut rows, &act).await;
            let written = match sealed {
                Ok(()) => self.write(&mut connection, &rows, &act, Receipt::default()).await,
                Err(error) => Err(error),
            };
            match written {
                Err(error) if error.is_rolled_back_by_chance() && tries.again().await => {}
                result => return result.map_err(StoreError::given_up),
            }
        }
    }
}
