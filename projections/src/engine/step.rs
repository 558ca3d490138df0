use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use sqlx::{Connection, PgConnection};
use stage_store::{Position, Recorded};

use super::{Projection, checkpoint, failure, rebuild::Part};
use crate::ProjectionError;

/// The tables that a batch goes to, and the row that says how far they are.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// What is read.
    Live,
    /// What a rebuild makes.
    Shadow(&'a Part),
}

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
    after: Position,
    batch: &[Recorded],
) -> Result<Outcome, ProjectionError> {
    apply_to(Target::Live, connection, projection, after, batch).await
}

pub(super) async fn apply_to(
    target: Target<'_>,
    connection: &mut PgConnection,
    projection: &dyn Projection,
    mut after: Position,
    mut batch: &[Recorded],
) -> Result<Outcome, ProjectionError> {
    let mut size = batch.len();
    while !batch.is_empty() {
        let (head, rest) = batch.split_at(size.min(batch.len()));
        match step(target, connection, projection, after, head).await {
            Ok(true) => {
                after = head.last().map_or(after, |event| event.position);
                batch = rest;
            }
            Ok(false) => return Ok(Outcome::Moved),
            Err(error) if failure::is_transient(&error) => return Err(error),
            Err(error) => match head {
                [event] => {
                    let error = failure::describe(&error, event);
                    if let Target::Live = target {
                        checkpoint::stop(connection, projection, after, event.position, &error).await?;
                    }
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
    target: Target<'_>,
    connection: &mut PgConnection,
    projection: &dyn Projection,
    after: Position,
    batch: &[Recorded],
) -> Result<bool, ProjectionError> {
    let Some(last) = batch.last() else { return Ok(true) };
    let mut tx = connection.begin().await?;
    let (moved, schema) = match target {
        Target::Live => {
            let moved = checkpoint::advance(&mut tx, projection, after, last.position, batch.len()).await?;
            (moved, super::schema(projection.name()))
        }
        Target::Shadow(part) => {
            (part.advance(&mut tx, after, last.position, batch.len()).await?, part.schema.clone())
        }
    };
    if !moved {
        tx.rollback().await?;
        return Ok(false);
    }
    look_into(&mut tx, &schema).await?;
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

/// From here to the end of the transaction, tables are those of this schema.
pub(super) async fn look_into(tx: &mut PgConnection, schema: &str) -> Result<(), ProjectionError> {
    sqlx::query("SELECT set_config('search_path', $1, true)").bind(schema).execute(tx).await?;
    Ok(())
}
