use sqlx::{Connection, PgConnection};
use stage_store::Position;

use super::{Projection, rebuild};
use crate::ProjectionError;

/// How far a projection is, and whether it may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The position of the last event that was applied.
    pub position: Position,
    /// The version of the code that made the tables.
    pub version: i32,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Paused,
    Failed,
}

/// Reads a projection's checkpoint, at position 0 for a new one. With `retry`, a failed projection may go on:
/// the program that starts may be the one that can read the event.
pub async fn take_up(
    connection: &mut PgConnection,
    projection: &dyn Projection,
    retry: bool,
) -> Result<Checkpoint, ProjectionError> {
    let known = read(connection, projection).await?;
    let stopped = known.is_some_and(|checkpoint| checkpoint.state == State::Failed);
    match known {
        Some(checkpoint) if !(retry && stopped) => return Ok(checkpoint),
        Some(_) => {
            sqlx::query(
                "UPDATE projection_checkpoints
                 SET state = 'running', failed_position = NULL, error = NULL, updated_at = now()
                 WHERE name = $1 AND state = 'failed'",
            )
            .bind(projection.name())
            .execute(&mut *connection)
            .await?;
        }
        None => begin(connection, projection).await?,
    }
    Ok(read(connection, projection).await?.ok_or(sqlx::Error::RowNotFound)?)
}

/// For a projection that never ran: the row, and the tables that it brings along.
async fn begin(connection: &mut PgConnection, projection: &dyn Projection) -> Result<(), ProjectionError> {
    let mut tx = connection.begin().await?;
    let new = sqlx::query(
        "INSERT INTO projection_checkpoints (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(projection.name())
    .bind(projection.version())
    .execute(&mut *tx)
    .await?;
    if new.rows_affected() == 1 {
        rebuild::first(&mut tx, projection).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn read(
    connection: &mut PgConnection,
    projection: &dyn Projection,
) -> Result<Option<Checkpoint>, ProjectionError> {
    let row: Option<(Position, i32, String)> =
        sqlx::query_as("SELECT position, version, state FROM projection_checkpoints WHERE name = $1")
            .bind(projection.name())
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|(position, version, state)| {
        let state = match state.as_str() {
            "running" => State::Running,
            "paused" => State::Paused,
            _ => State::Failed,
        };
        Checkpoint { position, version, state }
    }))
}

/// Moves the checkpoint within the transaction of a batch. `false` when it isn't where the caller thinks, or
/// may not go on: then somebody else leads, or a person paused it.
pub(super) async fn advance(
    tx: &mut PgConnection,
    projection: &dyn Projection,
    from: Position,
    to: Position,
    events: usize,
) -> Result<bool, ProjectionError> {
    let moved = sqlx::query(
        "UPDATE projection_checkpoints SET position = $3, applied = applied + $5, updated_at = now()
         WHERE name = $1 AND position = $2 AND version = $4 AND state = 'running'",
    )
    .bind(projection.name())
    .bind(from)
    .bind(to)
    .bind(projection.version())
    .bind(events as i64)
    .execute(tx)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Stops the projection in front of an event.
pub(super) async fn stop(
    connection: &mut PgConnection,
    projection: &dyn Projection,
    at: Position,
    failed: Position,
    error: &str,
) -> Result<(), ProjectionError> {
    sqlx::query(
        "UPDATE projection_checkpoints
         SET state = 'failed', failed_position = $3, error = $4, updated_at = now()
         WHERE name = $1 AND position = $2 AND state = 'running'",
    )
    .bind(projection.name())
    .bind(at)
    .bind(failed)
    .bind(error)
    .execute(connection)
    .await?;
    Ok(())
}
