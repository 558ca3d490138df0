//! How events become rows: one statement for all of them.

use serde_json::Value;
use sqlx::{Connection as _, PgConnection, PgExecutor, Postgres, postgres::PgArguments, query::QueryScalar};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Act, Appended, Log, OnlyIf, Receipt};
use crate::{
    Position, StoreError, claim,
    seal::{SubjectKeys, payload, subject},
};

/// An event on its way into the table. `payload` is JSON, sealed once it gets to [`Log::write`].
pub(super) struct Row {
    pub stream_type: String,
    pub stream_id: String,
    pub sequence: u64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
}

const INSERT_ONE: &str = "
INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
VALUES ($1, $2, $3, $4, $5, $6::json, $7::json)
RETURNING position";

/// With the key of the person whom the event registers, which saves a round trip. The key's row comes first: it may have
/// to wait, for a rotation or for somebody with the same id, and a position must not. Writes nothing when the key is
/// wrapped by another master key than the present one.
const INSERT_ONE_WITH_KEY: &str = "
WITH key AS (
    INSERT INTO subject_keys (subject, wrapped, master)
    SELECT $8, $9, master FROM installation_keys WHERE name = 'lookup' AND master = $10
    RETURNING subject
)
INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
SELECT $1, $2, $3, $4, $5, $6::json, $7::json FROM key
RETURNING position";

const INSERT_MANY: &str = "
INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, $7::json
FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
    AS new (aggregate_type, aggregate_id, sequence, event_type, event_version, payload)
RETURNING position";

/// Like [`INSERT_MANY`], behind the places of a condition.
const INSERT_MANY_IF: &str = "
INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, $10::json
FROM UNNEST($4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[])
    AS new (aggregate_type, aggregate_id, sequence, event_type, event_version, payload)";

impl Log {
    /// Writes the rows and what the act brings, all or nothing. `before` is the receipt when there are no rows.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        rows: &[Row],
        act: &Act,
        before: Receipt,
    ) -> Result<Receipt, StoreError> {
        let events = rows.len();
        let stream = rows.first().map_or("none", |row| row.stream_type.as_str());
        let span = tracing::info_span!(target: "stage_trace", "append", stream, events);
        let written = async {
            match act.is_plain() {
                true if rows.is_empty() => Ok(before),
                true => insert(connection, rows, &act.metadata_json(), act.only_if.as_ref()).await,
                false => self.write_together(connection, rows, act, before).await,
            }
        }
        .instrument(span)
        .await;
        match &written {
            Ok(receipt) if events > 0 => {
                metrics::counter!("stage_events_appended_total").increment(events as u64);
                self.hint.appended(receipt.position);
            }
            Err(StoreError::Conflict) => metrics::counter!("stage_append_conflicts_total").increment(1),
            _ => {}
        }
        written
    }

    async fn write_together(
        &self,
        connection: &mut PgConnection,
        rows: &[Row],
        act: &Act,
        before: Receipt,
    ) -> Result<Receipt, StoreError> {
        let mut tx = connection.begin().await?;
        if let Some(living) = act.living {
            subject::hold(&mut tx, living).await?;
        }
        if let Some(erased) = act.erased {
            subject::destroy(&mut tx, erased).await?;
            claim::release_all(&mut tx, erased.0).await?;
        }
        // Claims may wait for somebody, so they come before the positions, for which readers wait.
        claim::apply(&mut tx, &self.keyring, &act.claims).await?;
        let with_key = self.insert_with_key(&mut tx, rows, act).await?;
        let receipt = match with_key {
            Some(receipt) => receipt,
            None if rows.is_empty() => before,
            None => insert(&mut *tx, rows, &act.metadata_json(), act.only_if.as_ref()).await?,
        };
        also(&mut tx, act, &Appended { receipt, events: rows.len() }).await?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Writes the key of the person whom the act registers, if any, and where it can the event with it.
    async fn insert_with_key(
        &self,
        tx: &mut PgConnection,
        rows: &[Row],
        act: &Act,
    ) -> Result<Option<Receipt>, StoreError> {
        let Some(subject) = &act.subject else { return Ok(None) };
        if let ([row], None) = (rows, &act.only_if) {
            let key = subject.wrapped(&self.keyring.presumed_master())?;
            let position = bound_one(INSERT_ONE_WITH_KEY, row, &act.metadata_json())
                .bind(subject.id())
                .bind(key.wrapped)
                .bind(key.master)
                .fetch_optional(&mut *tx)
                .await?;
            if let Some(position) = position {
                return Ok(Some(Receipt { position, version: row.sequence }));
            }
        }
        subject.write(tx, &self.keyring).await?;
        Ok(None)
    }

    /// Seals what is personal in the rows. What is sealed under a key that was destroyed a moment ago reads as erased.
    pub(super) async fn seal(
        &self,
        connection: &mut PgConnection,
        rows: &mut [Row],
        act: &Act,
    ) -> Result<(), StoreError> {
        let mut found: Vec<(&mut Row, Value)> = Vec::new();
        let mut subjects = Vec::new();
        for row in rows.iter_mut().filter(|row| payload::is_suspect(&row.payload)) {
            let value: Value = serde_json::from_str(&row.payload)
                .map_err(|source| StoreError::Unwritable { event_type: row.event_type.clone(), source })?;
            payload::subjects(&value, &mut subjects);
            found.push((row, value));
        }
        if found.is_empty() {
            return Ok(());
        }
        let keys = self.keys_of(connection, subjects, act, SubjectKeys::default()).await?;
        for (row, value) in found {
            let place = payload::place(&row.stream_type, &row.stream_id, row.sequence);
            row.payload = payload::sealed(&value, &place, &keys)?;
        }
        Ok(())
    }

    /// The keys of these people: those that loading the stream has just read, that of the one whom the act registers,
    /// and for anybody else a question.
    pub(super) async fn keys_of(
        &self,
        connection: &mut PgConnection,
        mut subjects: Vec<Uuid>,
        act: &Act,
        mut known: SubjectKeys,
    ) -> Result<SubjectKeys, StoreError> {
        let new = act.subject.as_ref().filter(|new| subjects.contains(&new.id()));
        new.into_iter().for_each(|new| known.add(new));
        subjects.retain(|subject| known.get(*subject).is_none());
        known.extend(self.keyring.subject_keys(connection, &subjects).await?);
        Ok(known)
    }
}

pub(super) async fn also(tx: &mut PgConnection, act: &Act, appended: &Appended) -> Result<(), StoreError> {
    for also in &act.also {
        also.write(tx, appended).await?;
    }
    Ok(())
}

/// The rows get their positions in their order.
pub(super) async fn insert(
    executor: impl PgExecutor<'_>,
    rows: &[Row],
    metadata: &str,
    only_if: Option<&OnlyIf>,
) -> Result<Receipt, StoreError> {
    let position = match (rows, only_if) {
        (rows, Some(only_if)) => {
            insert_if(executor, rows, metadata, only_if).await?.ok_or(StoreError::Unmet)?
        }
        ([row], None) => bound_one(INSERT_ONE, row, metadata).fetch_one(executor).await?,
        (rows, None) => insert_many(executor, rows, metadata).await?,
    };
    Ok(Receipt { position, version: rows.last().map_or(0, |row| row.sequence) })
}

fn bound_one<'q>(sql: &'q str, row: &'q Row, metadata: &'q str) -> Positions<'q> {
    sqlx::query_scalar(sql)
        .bind(&row.stream_type)
        .bind(&row.stream_id)
        .bind(row.sequence.cast_signed())
        .bind(&row.event_type)
        .bind(&row.event_version)
        .bind(&row.payload)
        .bind(metadata)
}

async fn insert_many(
    executor: impl PgExecutor<'_>,
    rows: &[Row],
    metadata: &str,
) -> Result<Position, sqlx::Error> {
    let positions = bind_many(sqlx::query_scalar(INSERT_MANY), rows, metadata).fetch_all(executor).await?;
    positions.into_iter().max().ok_or(sqlx::Error::RowNotFound)
}

/// `None` when the condition does not hold, and then nothing is inserted.
async fn insert_if(
    executor: impl PgExecutor<'_>,
    rows: &[Row],
    metadata: &str,
    only_if: &OnlyIf,
) -> Result<Option<Position>, sqlx::Error> {
    let OnlyIf { sql, ids: [first, second], names } = only_if;
    let statement = format!("{INSERT_MANY_IF} WHERE {sql} RETURNING position");
    let query = sqlx::query_scalar(&statement).bind(first).bind(second).bind(names);
    let positions = bind_many(query, rows, metadata).fetch_all(executor).await?;
    Ok(positions.into_iter().max())
}

type Positions<'q> = QueryScalar<'q, Postgres, Position, PgArguments>;

/// A column of the rows after the other, and what they have in common.
fn bind_many<'q>(query: Positions<'q>, rows: &'q [Row], metadata: &'q str) -> Positions<'q> {
    let column = |of: fn(&Row) -> &str| rows.iter().map(of).collect::<Vec<_>>();
    query
        .bind(column(|row| &row.stream_type))
        .bind(column(|row| &row.stream_id))
        .bind(rows.iter().map(|row| row.sequence.cast_signed()).collect::<Vec<_>>())
        .bind(column(|row| &row.event_type))
        .bind(column(|row| &row.event_version))
        .bind(column(|row| &row.payload))
        .bind(metadata)
}
