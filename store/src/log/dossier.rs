//! Everything that the log says about one account, opened: for giving a person a copy of it.

use chrono::{DateTime, Utc};
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use super::{
    Log, Recorded,
    read::{Row, recorded},
};
use crate::{StoreError, seal::payload};

/// That somebody did something.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Deed {
    pub recorded_at: DateTime<Utc>,
    pub stream_type: String,
    pub stream_id: String,
    pub event_type: String,
}

impl Log {
    /// The stages that this account created or joined, also those that are closed and those that it left, in the order
    /// of their ids.
    pub async fn stages_joined_by(&self, account: Uuid) -> Result<Vec<Uuid>, StoreError> {
        self.ids(
            "SELECT DISTINCT aggregate_id FROM events
             WHERE aggregate_type = 'stage'
               AND (event_type = 'StageCreated' AND payload -> 'StageCreated' ->> 'owner' = ANY($1)
                    OR event_type = 'InvitationAccepted' AND payload -> 'InvitationAccepted' ->> 'member' = ANY($1))
             ORDER BY aggregate_id",
            &[account],
        )
        .await
    }

    /// The sources that were ever linked to these stages.
    pub async fn sources_linked_to(&self, stages: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        self.ids(
            "SELECT aggregate_id FROM events
             WHERE aggregate_type = 'source' AND event_type = 'SourceLinked'
               AND payload -> 'SourceLinked' ->> 'stage_id' = ANY($1) ORDER BY aggregate_id",
            stages,
        )
        .await
    }

    /// The posts that were ever imported from these sources.
    pub async fn posts_imported_from(&self, sources: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        self.ids(
            "SELECT aggregate_id FROM events
             WHERE aggregate_type = 'post' AND event_type IN ('PostImported', 'PostRedacted')
               AND payload -> event_type ->> 'source_id' = ANY($1) ORDER BY aggregate_id",
            sources,
        )
        .await
    }

    /// What this account did, in the order of the log, but for what happened to the account itself.
    pub async fn deeds_of(&self, account: Uuid) -> Result<Vec<Deed>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut tx = sqlx::Connection::begin(&mut *connection).await?;
        // As below.
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        let deeds = sqlx::query_as(
            "SELECT recorded_at, aggregate_type AS stream_type, aggregate_id AS stream_id, event_type FROM events
             WHERE metadata ->> 'by' = $1 AND NOT (aggregate_type = 'account' AND aggregate_id = $1)
             ORDER BY position",
        )
        .bind(account.to_string())
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(deeds)
    }

    async fn ids(&self, sql: &str, of: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        let of: Vec<String> = of.iter().map(Uuid::to_string).collect();
        let mut connection = self.pool.acquire().await?;
        // A log is read from end to end for this; that may take longer than any other statement.
        let mut tx = sqlx::Connection::begin(&mut *connection).await?;
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        let ids: Vec<String> = sqlx::query_scalar(sql).bind(of).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(ids.iter().filter_map(|id| Uuid::try_parse(id).ok()).collect())
    }

    /// The events of these streams of one type, stream by stream, at most `limit`, after one of them (its stream and
    /// sequence). Personal values are open; what was redacted is left out.
    pub async fn opened(
        &self,
        stream_type: &str,
        ids: &[Uuid],
        after: Option<(Uuid, u64)>,
        limit: i64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let texts: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        let (after_id, after_sequence) =
            after.map_or((String::new(), -1), |(id, sequence)| (id.to_string(), sequence.cast_signed()));
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
                    payload::text AS payload, metadata::text AS metadata
             FROM events
             WHERE aggregate_type = $1 AND aggregate_id = ANY($2) AND (aggregate_id, sequence) > ($3, $4)
               AND redacted_digest IS NULL
             ORDER BY aggregate_id, sequence LIMIT $5",
        )
        .bind(stream_type)
        .bind(texts)
        .bind(after_id)
        .bind(after_sequence)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let event = recorded(row)?;
            events.push(self.open_recorded(event).await?);
        }
        Ok(events)
    }

    async fn open_recorded(&self, mut event: Recorded) -> Result<Recorded, StoreError> {
        if !payload::is_suspect(event.payload.get()) {
            return Ok(event);
        }
        let unreadable = |source| StoreError::Unreadable {
            position: event.position,
            event_type: event.event_type.clone(),
            source,
        };
        let mut value: Value = serde_json::from_str(event.payload.get()).map_err(unreadable)?;
        let mut subjects = Vec::new();
        payload::subjects(&value, &mut subjects);
        let keys = self.keyring.subject_keys(&self.pool, &subjects).await?;
        let place = payload::place(&event.stream_type, &event.stream_id.to_string(), event.sequence);
        payload::open(&mut value, &place, &keys)?;
        event.payload = RawValue::from_string(value.to_string()).map_err(unreadable)?;
        Ok(event)
    }
}
