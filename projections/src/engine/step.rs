use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use sqlx::{Connection, PgConnection};
use stage_store::{Position, Recorded};

use super::{Projection, checkpoint, failure};
use crate::ProjectionError;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Applied,
    /// The checkpoint isn't at `after`, or the projection was paused, stopped or rebuilt: nothing was changed;
    /// read the checkpoint again.
    Moved,
    /// What goes before this event is applied; the projection stopped there.
    Stopped {
        position: Position,
        error: String,
    },
}

/// Applies a batch that begins just after `after`, exactly once: the tables and the checkpoint change in one
/// transaction. When the batch doesn't go, ever smaller parts are tried, until what goes is applied and
/// the projection stands in front of the one event that doesn't.
///
/// Fails only with an error that is worth another try; then the checkpoint says how far it came.
pub async fn apply(
    connection: &mut PgConnection,
    projection: &dyn Projection,
    mut after: Position,
    mut batch: &[Recorded],
) -> Result<Outcome, ProjectionError> {
    let mut size = batch.len();
    while !batch.is_empty() {
        let (head, rest) = batch.split_at(size.min(batch.len()));
        match step(connection, projection, after, head).await {
            Ok(true) => {
                after = head.last().map_or(after, |event| event.position);
                batch = rest;
            }
            Ok(false) => return Ok(Outcome::Moved),
            Err(error) if failure::is_transient(&error) => return Err(error),
            Err(error) => match head {
                [event] => {
                    let error = failure::describe(&error, event);
                    checkpoint::stop(connection, projection, after, event.position, &error).await?;
                    return Ok(Outcome::Stopped { position: event.position, error });
                }
                _ => size = head.len() / 2,
            },
        }
    }
    Ok(Outcome::Applied)
}

/// One transaction; `false` when the checkpoint didn't let it.
async fn step(
    connection: &mut PgConnection,
    projection: &dyn Projection,
    after: Position,
    batch: &[Recorded],
) -> Result<bool, ProjectionError> {
    let Some(last) = batch.last() else { return Ok(true) };
    let mut tx = connection.begin().await?;
    if !checkpoint::advance(&mut tx, projection, after, last.position).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    sqlx::query("SELECT set_config('search_path', $1, true)")
        .bind(format!("read_{}", projection.name()))
        .execute(&mut *tx)
        .await?;
    // A panic over one event must not take the projections with it that could go on.
    let applied = AssertUnwindSafe(projection.apply(&mut tx, batch)).catch_unwind().await;
    match applied {
        Ok(Ok(())) => {
            tx.commit().await?;
            Ok(true)
        }
        failed => {
            tx.rollback().await?;
            failed.unwrap_or_else(|_| {
                Err(ProjectionError::Poison {
                    projection: projection.name(),
                    position: last.position,
                    error: "the code panicked".to_owned(),
                })
            })?;
            Ok(true)
        }
    }
}
