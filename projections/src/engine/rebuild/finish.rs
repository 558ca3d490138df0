//! The end of a rebuild: indexes, what was appended meanwhile, and the swap.

use std::time::Duration;

use futures::future::try_join_all;
use sqlx::{Connection, PgConnection, PgPool};
use stage_store::{Mark, Position, Reader};
use tokio::time::sleep;

use super::{Part, RebuildError, Types, grants, pass, pass::Work, progress, shadow};
use crate::{
    ProjectionError,
    engine::{is_transient, step::look_into},
};

/// Events that are applied at once while catching up.
const BATCH: usize = 1_000;

/// The most that is applied within the swap, while the live projection waits.
const SWAP_WITH: usize = 500;

/// How often the swap, or dropping the old tables, is tried when somebody is in the way.
const TRIES: u32 = 20;

/// The names of the schemas of a rebuild.
pub(super) struct Names {
    pub(super) live: String,
    pub(super) next: String,
    pub(super) old: String,
    /// Where tables of a new form are made once, for others to be made like them.
    pub(super) shape: String,
}

impl Names {
    pub(super) fn of(projection: &str) -> Self {
        let live = crate::engine::schema(projection);
        let with = |end: &str| format!("{live}__{end}");
        Self { next: with("next"), old: with("old"), shape: with("shape"), live }
    }
}

/// Makes the indexes that loading went without, several at a time, and lets the planner know the tables.
pub(super) async fn index(
    pool: &PgPool,
    schema: &str,
    like: &str,
    at_once: usize,
) -> Result<(), ProjectionError> {
    let mut connection = pass::connect(pool).await?;
    let missing = shadow::indexes(&mut connection, schema, like, false).await?;
    for some in missing.chunks(at_once.max(1)) {
        let making: Vec<_> = some.iter().map(|sql| make(pool.clone(), sql.clone())).collect();
        try_join_all(making).await?;
    }
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = $1",
    )
    .bind(schema)
    .fetch_all(&mut connection)
    .await?;
    for table in tables {
        sqlx::query(&format!("ANALYZE {table}")).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

async fn make(pool: PgPool, index: shadow::Index) -> Result<(), ProjectionError> {
    let mut connection = pass::connect(&pool).await?;
    sqlx::query(&index).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Applies everything up to `up_to`, in order.
pub(super) async fn follow(
    work: &Work,
    connection: &mut PgConnection,
    part: &mut Part,
    types: &Types,
    up_to: Position,
) -> Result<(), RebuildError> {
    let reader = Reader::new(work.pool.clone());
    let mut after = part.position;
    while after < up_to {
        if work.stop.is_cancelled() {
            return Err(RebuildError::Interrupted);
        }
        let mut events = reader.read(after, up_to, types.as_deref(), BATCH).await?;
        after = events.last().map_or(up_to, |event| event.position);
        events.retain(|event| !work.leaves_out(event));
        pass::apply_batch(work, connection, part, &events).await?;
    }
    // Also behind what is none of its business.
    if part.position < up_to && part.advance(connection, part.position, up_to, 0).await? {
        part.position = up_to;
    }
    Ok(())
}

/// Catches up with the log and takes the place of the live tables.
pub(super) async fn take_over(
    work: &Work,
    names: &Names,
    part: &mut Part,
    types: &Types,
) -> Result<Position, RebuildError> {
    let mut connection = pass::connect(&work.pool).await?;
    let mut mark = Mark::new(work.pool.clone());
    let mut tries = 0;
    let position = loop {
        if work.stop.is_cancelled() {
            return Err(RebuildError::Interrupted);
        }
        let up_to = mark.advance().await?;
        follow(work, &mut connection, part, types, up_to).await?;
        match swap(work, names, &mut connection, part, types).await {
            Ok(Some(position)) => break position,
            // It grew faster than we came near.
            Ok(None) => {}
            Err(RebuildError::Projection(error)) if tries < TRIES && is_transient(&error) => {
                tries += 1;
                sleep(Duration::from_millis(100)).await;
                connection = pass::connect(&work.pool).await?;
            }
            Err(error) => return Err(error),
        }
    };
    connection.close().await?;
    Ok(position)
}

/// One transaction: it holds the checkpoint, so that the live tables stand still; applies what these are ahead; gives the
/// schemas each other's names; and moves the checkpoint to the new tables. Nobody who reads waits for it. `None`: the live
/// tables are too far ahead to let them wait.
async fn swap(
    work: &Work,
    names: &Names,
    connection: &mut PgConnection,
    part: &mut Part,
    types: &Types,
) -> Result<Option<Position>, RebuildError> {
    let projection = &*work.projection;
    let mut tx = connection.begin().await?;
    // What was loaded without waiting for the disk is on it when this is.
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'on', true), set_config('lock_timeout', '2s', true)",
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query("INSERT INTO projection_checkpoints (name, version) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(projection.name())
        .bind(projection.version())
        .execute(&mut *tx)
        .await?;
    let live: Position =
        sqlx::query_scalar("SELECT position FROM projection_checkpoints WHERE name = $1 FOR UPDATE")
            .bind(projection.name())
            .fetch_one(&mut *tx)
            .await?;
    let reader = Reader::new(work.pool.clone());
    let mut rest =
        reader.read(part.position, live.max(part.position), types.as_deref(), SWAP_WITH + 1).await?;
    if rest.len() > SWAP_WITH {
        tx.rollback().await?;
        return Ok(None);
    }
    rest.retain(|event| !work.leaves_out(event));
    if !rest.is_empty() {
        look_into(&mut tx, &names.next).await?;
        if let Err(error) = projection.apply(&mut tx, &rest).await {
            tx.rollback().await?;
            if is_transient(&error) {
                return Err(error.into());
            }
            // Tried again outside, one by one, it shows which event it is.
            follow(work, connection, part, types, live).await?;
            return Ok(None);
        }
        sqlx::query("SET LOCAL search_path TO DEFAULT").execute(&mut *tx).await?;
    }
    grants::carry_over(&mut tx, &names.live, &names.next).await?;
    shadow::swap(&mut tx, &names.live, &names.next, &names.old).await?;
    let position = live.max(part.position);
    sqlx::query(
        "UPDATE projection_checkpoints
         SET position = $2, version = $3, failed_position = NULL, error = NULL, updated_at = now(),
             state = CASE state WHEN 'paused' THEN 'paused' ELSE 'running' END
         WHERE name = $1",
    )
    .bind(projection.name())
    .bind(position)
    .bind(projection.version())
    .execute(&mut *tx)
    .await?;
    progress::forget(&mut tx, &names.next).await?;
    tx.commit().await?;
    Ok(Some(position))
}

/// Drops what nobody reads any more. Who still reads it is waited for a little; then it is left for the next rebuild.
pub(super) async fn tidy(pool: &PgPool, names: &Names) -> Result<(), ProjectionError> {
    let mut connection = pass::connect(pool).await?;
    for schema in [&names.old, &names.shape] {
        for _ in 0..TRIES {
            if !shadow::exists(&mut connection, schema).await? {
                break;
            }
            let mut tx = connection.begin().await?;
            sqlx::query("SET LOCAL lock_timeout = '1s'").execute(&mut *tx).await?;
            match shadow::drop(&mut tx, schema).await {
                Ok(()) => tx.commit().await?,
                Err(error) if is_transient(&error) => tx.rollback().await?,
                Err(error) => return Err(error),
            }
        }
    }
    connection.close().await?;
    Ok(())
}
