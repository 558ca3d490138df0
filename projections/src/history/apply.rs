use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;
use sqlx::PgConnection;
use stage_store::Recorded;
use uuid::Uuid;

use super::entry;
use crate::{
    ProjectionError,
    engine::{Projection, Rebuild},
    rows::column,
};

/// The projection `history`.
pub struct History;

#[async_trait]
impl Projection for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn version(&self) -> i32 {
        1
    }

    fn rebuild(&self) -> Rebuild {
        Rebuild::Shared { passes: &[&["stage", "source", "post"]] }
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let told: Vec<&Recorded> = batch.iter().filter(|event| entry::is_told(event)).collect();
        if told.is_empty() {
            return Ok(());
        }
        let mut sources = known(tx, &told).await?;
        let (mut entries, mut linked) = (vec![], vec![]);
        for event in told {
            let fields = entry::fields(event);
            let named = entry::id(&fields, "stage_id");
            let stage_id = match event.stream_type.as_str() {
                "stage" => Some(event.stream_id),
                "source" => named.or_else(|| sources.get(&event.stream_id).copied()),
                _ => named,
            };
            // What belongs to no stage that is known is in no stage's history.
            let Some(stage_id) = stage_id else { continue };
            if event.stream_type == "source" && sources.insert(event.stream_id, stage_id).is_none() {
                linked.push((event.stream_id, stage_id));
            }
            entries.push(Entry { event, stage_id, by: entry::by(event), detail: entry::detail(&fields) });
        }
        write(tx, &entries, &linked).await
    }
}

struct Entry<'a> {
    event: &'a Recorded,
    stage_id: Uuid,
    by: Option<Uuid>,
    detail: Value,
}

/// The stages of the batch's sources, as far as they were linked before it.
async fn known(tx: &mut PgConnection, told: &[&Recorded]) -> Result<BTreeMap<Uuid, Uuid>, ProjectionError> {
    let sources: Vec<Uuid> =
        told.iter().filter(|event| event.stream_type == "source").map(|event| event.stream_id).collect();
    if sources.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known: Vec<(Uuid, Uuid)> = sqlx::query_as("SELECT id, stage_id FROM sources WHERE id = ANY($1)")
        .bind(sources)
        .fetch_all(tx)
        .await?;
    Ok(known.into_iter().collect())
}

async fn write(
    tx: &mut PgConnection,
    entries: &[Entry<'_>],
    linked: &[(Uuid, Uuid)],
) -> Result<(), ProjectionError> {
    if !linked.is_empty() {
        sqlx::query("INSERT INTO sources (id, stage_id) SELECT * FROM UNNEST($1::uuid[], $2::uuid[])")
            .bind(column(linked, |(source, _)| *source))
            .bind(column(linked, |(_, stage)| *stage))
            .execute(&mut *tx)
            .await?;
    }
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO entries (position, stage_id, at, kind, by, stream_type, stream_id, detail)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::text[],
             $7::uuid[], $8::jsonb[])",
    )
    .bind(column(entries, |entry| entry.event.position))
    .bind(column(entries, |entry| entry.stage_id))
    .bind(column(entries, |entry| entry.event.recorded_at))
    .bind(column(entries, |entry| entry::kind(&entry.event.event_type)))
    .bind(column(entries, |entry| entry.by))
    .bind(column(entries, |entry| entry.event.stream_type.as_str()))
    .bind(column(entries, |entry| entry.event.stream_id))
    .bind(column(entries, |entry| &entry.detail))
    .execute(tx)
    .await?;
    Ok(())
}
