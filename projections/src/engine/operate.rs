//! What an operator may do to a projection, or to a recipient's consumer, that runs elsewhere: its row in the database is
//! the place where both meet.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use stage_domain::{
    Invalid,
    projection::{self, ProjectionCommand, ProjectionEvent, ProjectionRefusal},
};
use stage_store::{Batch, Position, Reader};

use super::{Known, Projection};
use crate::ProjectionError;

#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    #[error("{0} runs already")]
    Running(String),
    #[error("{0} is paused already")]
    Paused(String),
    #[error("{0} has failed, so there is nothing to pause: resume it, or skip the event")]
    Failed(String),
    #[error("{name} does not stand in front of event {position}{}", .at.map(|at| format!(" but of {at}")).unwrap_or_default())]
    NotThere { name: String, position: Position, at: Option<Position> },
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Refused(#[from] ProjectionRefusal),
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

impl From<sqlx::Error> for OperateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Projection(error.into())
    }
}

impl From<stage_store::StoreError> for OperateError {
    fn from(error: stage_store::StoreError) -> Self {
        Self::Projection(error.into())
    }
}

/// Where a projection stands: version, state, and the event that it cannot apply.
struct Standing {
    version: i32,
    state: String,
    failed_position: Option<Position>,
}

/// Reads the projection's row and holds it until the end of the transaction.
async fn hold(tx: &mut PgConnection, known: &Known) -> Result<Standing, OperateError> {
    sqlx::query("INSERT INTO projection_checkpoints (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(&known.name)
        .bind(known.version)
        .execute(&mut *tx)
        .await?;
    let (version, state, failed_position) = sqlx::query_as(
        "SELECT version, state, failed_position FROM projection_checkpoints WHERE name = $1 FOR UPDATE",
    )
    .bind(&known.name)
    .fetch_one(tx)
    .await?;
    Ok(Standing { version, state, failed_position })
}

async fn set(tx: &mut PgConnection, name: &str, state: &str) -> Result<(), OperateError> {
    sqlx::query(
        "UPDATE projection_checkpoints
         SET state = $2, failed_position = NULL, error = NULL, updated_at = now() WHERE name = $1",
    )
    .bind(name)
    .bind(state)
    .execute(tx)
    .await?;
    Ok(())
}

/// Lets a projection stand still after the batch that is under way.
pub async fn pause(pool: &PgPool, what: impl Into<Known>) -> Result<(), OperateError> {
    let known = what.into();
    let mut tx = pool.begin().await?;
    match hold(&mut tx, &known).await?.state.as_str() {
        "running" => set(&mut tx, &known.name, "paused").await?,
        "paused" => return Err(OperateError::Paused(known.name)),
        _ => return Err(OperateError::Failed(known.name)),
    }
    Ok(tx.commit().await?)
}

/// Lets it go on where it is; one that has failed tries its event again.
pub async fn resume(pool: &PgPool, what: impl Into<Known>) -> Result<(), OperateError> {
    let known = what.into();
    let mut tx = pool.begin().await?;
    match hold(&mut tx, &known).await?.state.as_str() {
        "running" => return Err(OperateError::Running(known.name)),
        _ => set(&mut tx, &known.name, "running").await?,
    }
    Ok(tx.commit().await?)
}

/// Lets a projection that has failed go on behind the event that it cannot apply. The log says so, in the same
/// transaction: a rebuild leaves out the same event.
pub async fn skip(
    pool: &PgPool,
    what: impl Into<Known>,
    position: Position,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<(), OperateError> {
    let known = what.into();
    let stream = projection::id(&known.name);
    let mut tx = pool.begin().await?;
    let standing = hold(&mut tx, &known).await?;
    if standing.failed_position != Some(position) {
        let at = standing.failed_position;
        return Err(OperateError::NotThere { name: known.name, position, at });
    }
    let name = &known.name;
    let command = ProjectionCommand::skip(standing.version, position, reason, at)?;
    // The row that is held lets nobody else write to this stream.
    let before = Reader::new(pool.clone()).stream("projection", stream).await?;
    let mut state = projection::Projection::default();
    for event in &before {
        state.on(event.event()?);
    }
    let events = stage_domain::Decide::decide(&state, command)?;
    let mut batch = Batch::default();
    batch.add::<projection::Projection>(stream, before.last().map_or(0, |event| event.sequence), &events)?;
    sqlx::query(
        "UPDATE projection_checkpoints
         SET position = $2, state = 'running', failed_position = NULL, error = NULL, updated_at = now()
         WHERE name = $1",
    )
    .bind(name)
    .bind(position)
    .execute(&mut *tx)
    .await?;
    // Last, because readers of the log wait for an append that is under way.
    batch.append_impersonal(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// The positions that this version of the projection skips, in order.
pub async fn skipped(reader: &Reader, projection: &dyn Projection) -> Result<Vec<Position>, ProjectionError> {
    let mut skipped = Vec::new();
    for event in reader.stream("projection", projection::id(projection.name())).await? {
        let ProjectionEvent::EventSkipped { version, position, .. } = event.event()?;
        if version == projection.version() {
            skipped.push(position);
        }
    }
    skipped.sort_unstable();
    Ok(skipped)
}
