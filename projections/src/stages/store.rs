use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    apply::Touched,
    member,
    row::{SourceRow, StageRow},
};
use crate::{
    ProjectionError,
    rows::{column, delete, split},
    topic_row,
};

impl Touched {
    /// Writes the rows as the events left them.
    pub(super) async fn store(self, tx: &mut PgConnection) -> Result<(), ProjectionError> {
        for table in ["topics", "sources", "members"] {
            delete(tx, table, "stage_id", &self.closed).await?;
        }
        let (stages, gone) = split(self.stages);
        delete(tx, "stages", "id", &gone).await?;
        store_stages(tx, &stages).await?;
        let (topics, gone) = split(self.topics);
        delete(tx, "topics", "id", &gone).await?;
        topic_row::store(tx, &topics).await?;
        let (sources, gone) = split(self.sources);
        delete(tx, "sources", "id", &gone).await?;
        store_sources(tx, &sources).await?;
        let of = |wanted: bool| {
            self.restricted
                .iter()
                .filter(|(_, is)| **is == wanted)
                .map(|(owner, _)| *owner)
                .collect::<Vec<_>>()
        };
        delete(tx, "restricted", "owner", &of(false)).await?;
        store_restricted(tx, &of(true)).await?;
        store_heads(tx, &self.heads).await?;
        member::store(tx, self.members).await
    }
}

async fn store_heads(tx: &mut PgConnection, heads: &BTreeMap<Uuid, i64>) -> Result<(), ProjectionError> {
    if heads.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO heads (stage_id, position) SELECT * FROM UNNEST($1::uuid[], $2::bigint[])
         ON CONFLICT (stage_id) DO UPDATE SET position = excluded.position",
    )
    .bind(heads.keys().copied().collect::<Vec<_>>())
    .bind(heads.values().copied().collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn store_stages(tx: &mut PgConnection, rows: &[StageRow]) -> Result<(), ProjectionError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO stages (id, position, owner, name, handle, created_at, version)
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[],
             $6::timestamptz[], $7::bigint[])
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, handle = excluded.handle, version = excluded.version",
    )
    .bind(column(rows, |row| row.id))
    .bind(column(rows, |row| row.position))
    .bind(column(rows, |row| row.owner))
    .bind(column(rows, |row| row.name.as_str()))
    .bind(column(rows, |row| row.handle.as_str()))
    .bind(column(rows, |row| row.created_at))
    .bind(column(rows, |row| row.version))
    .execute(tx)
    .await?;
    Ok(())
}

async fn store_sources(tx: &mut PgConnection, rows: &[SourceRow]) -> Result<(), ProjectionError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO sources (id, position, stage_id, network, address, title, interval_minutes, paused,
             linked_at, last_import_at, imported, failure, failing_since, version)
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[],
             $7::integer[], $8::boolean[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::jsonb[],
             $13::timestamptz[], $14::bigint[])
         ON CONFLICT (id) DO UPDATE
         SET title = excluded.title, interval_minutes = excluded.interval_minutes, paused = excluded.paused,
             last_import_at = excluded.last_import_at, imported = excluded.imported,
             failure = excluded.failure, failing_since = excluded.failing_since, version = excluded.version",
    )
    .bind(column(rows, |row| row.id))
    .bind(column(rows, |row| row.position))
    .bind(column(rows, |row| row.stage_id))
    .bind(column(rows, |row| row.network.as_str()))
    .bind(column(rows, |row| row.address.as_str()))
    .bind(column(rows, |row| row.title.as_deref()))
    .bind(column(rows, |row| row.interval_minutes))
    .bind(column(rows, |row| row.paused))
    .bind(column(rows, |row| row.linked_at))
    .bind(column(rows, |row| row.last_import_at))
    .bind(column(rows, |row| row.imported))
    .bind(column(rows, |row| row.failure.as_ref()))
    .bind(column(rows, |row| row.failing_since))
    .bind(column(rows, |row| row.version))
    .execute(tx)
    .await?;
    Ok(())
}

async fn store_restricted(tx: &mut PgConnection, owners: &[Uuid]) -> Result<(), ProjectionError> {
    if !owners.is_empty() {
        sqlx::query("INSERT INTO restricted (owner) SELECT UNNEST($1::uuid[]) ON CONFLICT DO NOTHING")
            .bind(owners)
            .execute(tx)
            .await?;
    }
    Ok(())
}
