//! One stream at a past moment.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    Recorded,
    read::{COLUMNS, Row, recorded},
};
use crate::{Position, StoreError};

/// A moment in the life of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Now,
    /// Just after the event with this position.
    Position(Position),
    /// A stream is taken up to its first event that was recorded later. So a clock that was set back cannot leave
    /// out an event from the middle.
    Time(DateTime<Utc>),
}

/// The version that a stream had at a moment, as far as the log is safe to read: `up_to` is what a [`super::Mark`]
/// gave. 0 when there was no such stream.
pub async fn version_at(
    pool: &PgPool,
    stream_type: &str,
    id: Uuid,
    moment: Moment,
    up_to: Position,
) -> Result<u64, StoreError> {
    let (position, time) = match moment {
        Moment::Now => (up_to, None),
        Moment::Position(position) => (position.min(up_to), None),
        Moment::Time(time) => (up_to, Some(time)),
    };
    let version: i64 = sqlx::query_scalar(
        "WITH stream AS (SELECT sequence, position, recorded_at FROM events
                         WHERE aggregate_type = $1 AND aggregate_id = $2),
              later AS (SELECT min(sequence) AS first FROM stream WHERE recorded_at > $4)
         SELECT coalesce(max(sequence), 0) FROM stream, later
         WHERE position <= $3 AND (later.first IS NULL OR sequence < later.first)",
    )
    .bind(stream_type)
    .bind(id.to_string())
    .bind(position)
    .bind(time)
    .fetch_one(pool)
    .await?;
    Ok(version.cast_unsigned())
}

/// The versions that these streams of one type have now, in the order of `ids`; 0 for one that is not there.
pub async fn versions(pool: &PgPool, stream_type: &str, ids: &[Uuid]) -> Result<Vec<u64>, StoreError> {
    let versions: Vec<i64> = sqlx::query_scalar(
        "SELECT coalesce((SELECT max(sequence) FROM events WHERE aggregate_type = $1 AND aggregate_id = id), 0)
         FROM UNNEST($2::text[]) WITH ORDINALITY AS asked (id, place) ORDER BY place",
    )
    .bind(stream_type)
    .bind(ids.iter().map(Uuid::to_string).collect::<Vec<_>>())
    .fetch_all(pool)
    .await?;
    Ok(versions.into_iter().map(i64::cast_unsigned).collect())
}

/// The events of a stream after the version `after` up to and including `up_to`, at most `limit`.
pub async fn read_stream(
    pool: &PgPool,
    stream_type: &str,
    id: Uuid,
    after: u64,
    up_to: u64,
    limit: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(&format!(
        "SELECT {COLUMNS} FROM events
         WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 AND sequence <= $4
         ORDER BY sequence LIMIT $5"
    ))
    .bind(stream_type)
    .bind(id.to_string())
    .bind(after.cast_signed())
    .bind(up_to.cast_signed())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(recorded).collect()
}

impl Recorded {
    /// Lets this event happen to an aggregate. Personal values that are sealed count as erased; an event whose payload
    /// was redacted says nothing any more, and the one that tells of the redaction says what is so since.
    pub fn apply_to<A: Aggregate>(&self, aggregate: &mut A) -> Result<(), StoreError> {
        if self.is_redacted() {
            return Ok(());
        }
        aggregate.apply(self.event::<A::Event>()?);
        Ok(())
    }
}
