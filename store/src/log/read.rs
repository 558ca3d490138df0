use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

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
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version,
                    payload::text AS payload, metadata::text AS metadata
             FROM events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3",
        )
        .bind(after)
        .bind(up_to)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(recorded).collect()
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
        }),
    }
}
