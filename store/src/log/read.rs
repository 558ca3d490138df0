use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Log, Recorded};
use crate::{Position, StoreError};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    position: Position,
    recorded_at: DateTime<Utc>,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    #[sqlx(default)]
    redacted_digest: Option<Vec<u8>>,
}

/// A row as [`Row`] has it.
pub(super) const COLUMNS: &str =
    "position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
                       payload::text AS payload, metadata::text AS metadata, redacted_digest";

/// Reads the whole log, without keys: personal values stay sealed. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pool: PgPool,
}

/// How much of the log there is after a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    pub events: u64,
    /// When the first of them was recorded.
    pub since: Option<DateTime<Utc>>,
}

impl Reader {
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Events after `after` up to and including `up_to`, in order of position, at most `limit`; of streams of these
    /// types, or of all. Safe only with an `up_to` that a [`super::Mark`] gave.
    pub async fn read(
        &self,
        after: Position,
        up_to: Position,
        types: Option<&[String]>,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        let wanted = if types.is_some() { "AND aggregate_type = ANY($4)" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM events
             WHERE position > $1 AND position <= $2 {wanted} ORDER BY position LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = sqlx::query_as(&sql).bind(after).bind(up_to).bind(limit);
        let query = if let Some(types) = types { query.bind(types) } else { query };
        let rows: Vec<Row> = query.fetch_all(&self.pool).await?;
        rows.into_iter().map(recorded).collect()
    }

    /// The first events of these streams.
    pub async fn first(&self, stream_type: &str, ids: &[Uuid]) -> Result<Vec<Recorded>, StoreError> {
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        let rows: Vec<Row> = sqlx::query_as(&format!(
            "SELECT {COLUMNS} FROM events
             WHERE aggregate_type = $1 AND aggregate_id = ANY($2) AND sequence = 1"
        ))
        .bind(stream_type)
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(recorded).collect()
    }

    /// All events of one stream, in order. For streams that stay short.
    pub async fn stream(&self, stream_type: &str, id: Uuid) -> Result<Vec<Recorded>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(&format!(
            "SELECT {COLUMNS} FROM events
             WHERE aggregate_type = $1 AND aggregate_id = $2 ORDER BY sequence"
        ))
        .bind(stream_type)
        .bind(id.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(recorded).collect()
    }

    /// How many events there are up to and including `up_to`, in streams of these types, or of all.
    pub async fn count(&self, up_to: Position, types: Option<&[String]>) -> Result<u64, StoreError> {
        let wanted = if types.is_some() { "AND aggregate_type = ANY($2)" } else { "" };
        let sql = format!("SELECT count(*) FROM events WHERE position <= $1 {wanted}");
        let query = sqlx::query_scalar(&sql).bind(up_to);
        let query = if let Some(types) = types { query.bind(types) } else { query };
        let count: i64 = query.fetch_one(&self.pool).await?;
        Ok(count.cast_unsigned())
    }

    /// What there is after a position, also where it isn't safe to read yet.
    pub async fn ahead(&self, after: Position) -> Result<Ahead, StoreError> {
        let (events, since): (i64, Option<DateTime<Utc>>) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM events WHERE position > $1),
                    (SELECT recorded_at FROM events WHERE position > $1 ORDER BY position LIMIT 1)",
        )
        .bind(after)
        .fetch_one(&self.pool)
        .await?;
        Ok(Ahead { events: events.cast_unsigned(), since })
    }
}

impl Log {
    /// Events after `after` up to and including `up_to`, in order of position, at most `limit`. Safe only with an
    /// `up_to` that a [`super::Mark`] gave.
    pub async fn read(
        &self,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> Result<Vec<Recorded>, StoreError> {
        self.reader().read(after, up_to, None, limit).await
    }

    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.pool.clone())
    }
}

pub(super) fn recorded(row: Row) -> Result<Recorded, StoreError> {
    let Row { position, event_type, .. } = row;
    let json = |text: String| RawValue::from_string(text);
    let parts = || {
        let id = row.aggregate_id.parse().map_err(serde::de::Error::custom)?;
        Ok((id, json(row.payload)?, json(row.metadata)?))
    };
    match parts() {
        Err(source) => Err(StoreError::Unreadable { position, event_type, source }),
        Ok((stream_id, payload, metadata)) => Ok(Recorded {
            position,
            recorded_at: row.recorded_at,
            stream_type: row.aggregate_type,
            stream_id,
            sequence: row.sequence.cast_unsigned(),
            event_type,
            event_version: row.event_version,
            payload,
            metadata,
            redacted: row.redacted_digest,
        }),
    }
}
