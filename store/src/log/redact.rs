//! Redacting: the one way in which an event in the log is changed. What its payload said goes, the payload's digest
//! stays, and an event of the same stream tells of it.

use cqrs_es::{Aggregate, DomainEvent};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::{Act, Appended, Log, OnlyIf, Receipt, write::also};
use crate::{Position, StoreError, proof, seal::subject};

/// What is to be redacted.
pub struct Redaction<'a, E> {
    pub id: Uuid,
    /// The version that was decided on; another by now is a conflict.
    pub version: u64,
    /// The types of the events whose payloads go.
    pub types: &'a [&'a str],
    /// The event that tells of it.
    pub event: &'a E,
}

impl Log {
    /// Empties the payloads of these types in one stream and appends the event, all or nothing.
    pub async fn redact<A: Aggregate>(
        &self,
        redaction: Redaction<'_, A::Event>,
        act: Act,
    ) -> Result<Receipt, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut tx = connection.begin().await?;
        if let Some(living) = act.living {
            subject::hold(&mut tx, living).await?;
        }
        if let Some(OnlyIf { sql, ids: [first, second], names }) = &act.only_if {
            let asked = format!("SELECT {sql}");
            let met = sqlx::query_scalar(&asked).bind(first).bind(second).bind(names).fetch_one(&mut *tx);
            if !met.await? {
                return Err(StoreError::Unmet);
            }
        }
        let (sequences, digests) = payloads(&mut tx, A::TYPE, redaction.id, redaction.types).await?;
        let version = redaction.version + 1;
        let event_type = redaction.event.event_type();
        let payload = serde_json::to_string(redaction.event)
            .map_err(|source| StoreError::Unwritable { event_type: event_type.clone(), source })?;
        let position: Position =
            sqlx::query_scalar("SELECT redact_events($1, $2, $3, $4, $5, $6, $7, $8::json, $9::json)")
                .bind(A::TYPE)
                .bind(redaction.id.to_string())
                .bind(sequences)
                .bind(digests)
                .bind(version.cast_signed())
                .bind(event_type)
                .bind(redaction.event.event_version())
                .bind(payload)
                .bind(serde_json::json!(act.metadata()).to_string())
                .fetch_one(&mut *tx)
                .await?;
        let receipt = Receipt { position, version };
        also(&mut tx, &act, &Appended { receipt, events: 1 }).await?;
        tx.commit().await?;
        metrics::counter!("stage_events_appended_total").increment(1);
        self.hint.appended(position);
        Ok(receipt)
    }
}

/// The payloads that are still there, each with the digest that stays.
async fn payloads(
    tx: &mut PgConnection,
    stream_type: &str,
    id: Uuid,
    types: &[&str],
) -> Result<(Vec<i64>, Vec<Vec<u8>>), StoreError> {
    let rows: Vec<(i64, Position, String, String)> = sqlx::query_as(
        "SELECT sequence, position, event_type, payload::text FROM events
         WHERE aggregate_type = $1 AND aggregate_id = $2 AND event_type = ANY($3) AND redacted_digest IS NULL
         ORDER BY sequence",
    )
    .bind(stream_type)
    .bind(id.to_string())
    .bind(types)
    .fetch_all(tx)
    .await?;
    let (mut sequences, mut digests) = (Vec::new(), Vec::new());
    for (sequence, position, event_type, payload) in rows {
        let digest = proof::digest(&payload).map_err(|error| StoreError::Unreadable {
            position,
            event_type,
            source: serde::de::Error::custom(error),
        })?;
        sequences.push(sequence);
        digests.push(digest.to_vec());
    }
    Ok((sequences, digests))
}
