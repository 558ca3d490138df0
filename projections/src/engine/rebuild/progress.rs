//! How far a rebuild is, in rows that a killed one leaves behind.

use sqlx::{PgConnection, PgPool};
use stage_store::Position;

use crate::ProjectionError;

/// A rebuild as its rows have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) schema: String,
    pub(super) version: i32,
    pub(super) target: Position,
    pub(super) events: u64,
    /// The pass that is under way, or their number when all are done.
    pub(super) pass: usize,
    pub(super) parts: Vec<Part>,
}

/// What one of the workers that share a rebuild has to do, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) schema: String,
    pub(super) number: i32,
    pub(super) position: Position,
    pub(super) applied: u64,
}

impl Progress {
    pub(super) async fn read(pool: &PgPool, schema: &str) -> Result<Option<Self>, ProjectionError> {
        let row: Option<(i32, Position, i64, i32)> =
            sqlx::query_as("SELECT version, target, events, pass FROM projection_rebuilds WHERE schema = $1")
                .bind(schema)
                .fetch_optional(pool)
                .await?;
        let Some((version, target, events, pass)) = row else { return Ok(None) };
        let parts: Vec<(i32, Position, i64)> = sqlx::query_as(
            "SELECT part, position, applied FROM projection_rebuild_parts WHERE schema = $1 ORDER BY part",
        )
        .bind(schema)
        .fetch_all(pool)
        .await?;
        let part = |(number, position, applied): (i32, Position, i64)| Part {
            schema: schema.to_owned(),
            number,
            position,
            applied: applied.cast_unsigned(),
        };
        Ok(Some(Self {
            schema: schema.to_owned(),
            version,
            target,
            events: events.cast_unsigned(),
            pass: usize::try_from(pass).unwrap_or_default(),
            parts: parts.into_iter().map(part).collect(),
        }))
    }

    /// Writes the rows of one that begins, with the tables that it fills.
    pub(super) async fn begin(&self, tx: &mut PgConnection, name: &str) -> Result<(), ProjectionError> {
        sqlx::query(
            "INSERT INTO projection_rebuilds (schema, name, version, target, events) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&self.schema)
        .bind(name)
        .bind(self.version)
        .bind(self.target)
        .bind(self.events.cast_signed())
        .execute(&mut *tx)
        .await?;
        for part in &self.parts {
            sqlx::query("INSERT INTO projection_rebuild_parts (schema, part) VALUES ($1, $2)")
                .bind(&self.schema)
                .bind(part.number)
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }

    /// A pass is done by all; the next begins before the first event, and what comes after the last behind the target.
    pub(super) async fn end_pass(&mut self, pool: &PgPool, passes: usize) -> Result<(), ProjectionError> {
        let next = self.pass + 1;
        let position = if next == passes { self.target } else { 0 };
        let mut tx = pool.begin().await?;
        sqlx::query("UPDATE projection_rebuilds SET pass = $2 WHERE schema = $1")
            .bind(&self.schema)
            .bind(i32::try_from(next).unwrap_or(i32::MAX))
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE projection_rebuild_parts SET position = $2 WHERE schema = $1")
            .bind(&self.schema)
            .bind(position)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.pass = next;
        self.parts.iter_mut().for_each(|part| part.position = position);
        Ok(())
    }

    pub(super) fn applied(&self) -> u64 {
        self.parts.iter().map(|part| part.applied).sum()
    }
}

impl Part {
    /// Moves on within the transaction of a batch. `false` when it isn't where the caller thinks: what a killed program
    /// had sent was committed after all.
    pub(crate) async fn advance(
        &self,
        tx: &mut PgConnection,
        from: Position,
        to: Position,
        events: usize,
    ) -> Result<bool, ProjectionError> {
        let moved = sqlx::query(
            "UPDATE projection_rebuild_parts SET position = $4, applied = applied + $5
             WHERE schema = $1 AND part = $2 AND position = $3",
        )
        .bind(&self.schema)
        .bind(self.number)
        .bind(from)
        .bind(to)
        .bind(events as i64)
        .execute(tx)
        .await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Where it is, once nobody is moving it any more.
    pub(super) async fn position(&self, connection: &mut PgConnection) -> Result<Position, ProjectionError> {
        let position = sqlx::query_scalar(
            "SELECT position FROM projection_rebuild_parts WHERE schema = $1 AND part = $2 FOR UPDATE",
        )
        .bind(&self.schema)
        .bind(self.number)
        .fetch_one(connection)
        .await?;
        Ok(position)
    }
}

/// Keeps why a rebuild stopped, for whoever asks for the status.
pub(super) async fn failed(pool: &PgPool, schema: &str, error: Option<&str>) -> Result<(), ProjectionError> {
    sqlx::query("UPDATE projection_rebuilds SET error = $2 WHERE schema = $1 AND error IS DISTINCT FROM $2")
        .bind(schema)
        .bind(error)
        .execute(pool)
        .await?;
    Ok(())
}

pub(super) async fn forget(tx: &mut PgConnection, schema: &str) -> Result<(), ProjectionError> {
    sqlx::query("DELETE FROM projection_rebuilds WHERE schema = $1").bind(schema).execute(tx).await?;
    Ok(())
}
