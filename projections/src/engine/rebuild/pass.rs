//! One pass through the log: one reads, several apply.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::future::try_join_all;
use sqlx::{Connection, PgConnection, PgPool};
use stage_store::{Position, Reader, Recorded};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{Part, RebuildError, Types, share::Share};
use crate::{
    ProjectionError,
    engine::{
        Outcome, Projection, is_transient,
        step::{Target, apply_to},
    },
};

/// Events that are read at once, and those of one transaction. Memory holds a few of each, however long the log is.
const READ: usize = 2_000;
const BATCH: usize = 2_000;

/// Batches that wait for one worker.
const WAITING: usize = 2;

/// How often a batch is tried again when the database failed, and the first pause, which doubles.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(50);

/// What the workers of a rebuild have in common.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) pool: PgPool,
    pub(super) projection: Arc<dyn Projection>,
    /// Positions of events that are left out.
    pub(super) skipped: Arc<HashSet<Position>>,
    pub(super) applied: Arc<AtomicU64>,
    pub(super) stop: CancellationToken,
}

impl Work {
    /// What an operator skipped; and what was redacted, which says nothing any more (the event that tells of it does).
    pub(super) fn leaves_out(&self, event: &Recorded) -> bool {
        event.is_redacted() || self.skipped.contains(&event.position)
    }
}

/// Applies all events up to `target` in streams of these types. Each part goes on where it is.
pub(super) async fn run(
    work: &Work,
    parts: &[Part],
    types: &Types,
    target: Position,
) -> Result<(), RebuildError> {
    let (mut senders, mut workers) = (Vec::new(), Vec::new());
    for part in parts {
        let (sender, batches) = mpsc::channel(WAITING);
        senders.push(sender);
        workers.push(spawn(apply_part(work.clone(), part.clone(), batches)));
    }
    let after = parts.iter().map(|part| part.position).min().unwrap_or(target);
    let reading = spawn(read(work.clone(), senders, types.clone(), after, target));
    // The worker that failed is heard before the reader, who finds nobody to send to.
    try_join_all(workers).await?;
    reading.await
}

/// A task of its own, begun at once, which ends when nobody waits for it any more.
fn spawn(
    task: impl Future<Output = Result<(), RebuildError>> + Send + 'static,
) -> impl Future<Output = Result<(), RebuildError>> {
    let running = AbortOnDropHandle::new(tokio::spawn(task));
    async move {
        match running.await {
            Ok(ended) => ended,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(RebuildError::Interrupted),
            },
        }
    }
}

async fn read(
    work: Work,
    senders: Vec<mpsc::Sender<Vec<Recorded>>>,
    types: Types,
    mut after: Position,
    target: Position,
) -> Result<(), RebuildError> {
    let reader = Reader::new(work.pool.clone());
    let mut share = Share::among(senders.len(), reader.clone());
    let mut batches: Vec<Vec<Recorded>> = senders.iter().map(|_| Vec::with_capacity(BATCH)).collect();
    loop {
        if work.stop.is_cancelled() {
            return Err(RebuildError::Interrupted);
        }
        let events = next(&reader, after, target, types.as_deref()).await?;
        let Some(last) = events.last() else { break };
        after = last.position;
        let parts = shared(&mut share, &events).await?;
        for (event, part) in events.into_iter().zip(parts) {
            if work.leaves_out(&event) {
                continue;
            }
            let batch = &mut batches[part];
            batch.push(event);
            if batch.len() == BATCH {
                let full = std::mem::replace(batch, Vec::with_capacity(BATCH));
                if senders[part].send(full).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    for (batch, sender) in batches.into_iter().zip(senders) {
        let _ = sender.send(batch).await;
    }
    Ok(())
}

/// One worker: applies its batches in their order.
async fn apply_part(
    work: Work,
    mut part: Part,
    mut batches: mpsc::Receiver<Vec<Recorded>>,
) -> Result<(), RebuildError> {
    let mut connection = connect(&work.pool).await?;
    while let Some(batch) = batches.recv().await {
        if work.stop.is_cancelled() {
            return Err(RebuildError::Interrupted);
        }
        apply_batch(&work, &mut connection, &mut part, &batch).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Applies what of a batch the part hasn't applied yet, also over a few failures of the database.
pub(super) async fn apply_batch(
    work: &Work,
    connection: &mut PgConnection,
    part: &mut Part,
    batch: &[Recorded],
) -> Result<(), RebuildError> {
    let mut tries = 0;
    loop {
        let new = &batch[batch.partition_point(|event| event.position <= part.position)..];
        let Some(last) = new.last() else { return Ok(()) };
        let applying = apply_to(Target::Shadow(part), connection, &*work.projection, part.position, new);
        match applying.await {
            Ok(Outcome::Applied) => {
                part.position = last.position;
                work.applied.fetch_add(new.len() as u64, Ordering::Relaxed);
                return Ok(());
            }
            // What was sent before was committed after all.
            Ok(Outcome::Moved) if tries < TRIES => part.position = part.position(connection).await?,
            Ok(Outcome::Moved) => return Err(RebuildError::Busy(work.projection.name())),
            Ok(Outcome::Stopped { position, error }) => {
                return Err(RebuildError::Poison { name: work.projection.name(), position, error });
            }
            Err(error) if again(tries, &error).await => {
                // The old one may be gone, and with it what it had begun.
                if let Ok(new) = connect(&work.pool).await {
                    *connection = new;
                    part.position = part.position(connection).await?;
                }
            }
            Err(error) => return Err(error.into()),
        }
        tries += 1;
    }
}

/// The next events; asks again when the database failed.
async fn next(
    reader: &Reader,
    after: Position,
    target: Position,
    types: Option<&[String]>,
) -> Result<Vec<Recorded>, ProjectionError> {
    let mut tries = 0;
    loop {
        match reader.read(after, target, types, READ).await.map_err(ProjectionError::from) {
            Err(error) if again(tries, &error).await => tries += 1,
            answer => return answer,
        }
    }
}

async fn shared(share: &mut Share, events: &[Recorded]) -> Result<Vec<usize>, ProjectionError> {
    let mut tries = 0;
    loop {
        match share.of(events).await {
            Err(error) if again(tries, &error).await => tries += 1,
            answer => return answer,
        }
    }
}

/// Rests before another try, where another is worth it.
async fn again(tries: u32, error: &ProjectionError) -> bool {
    let worth = tries < TRIES && is_transient(error);
    if worth {
        sleep(PAUSE * 2_u32.pow(tries)).await;
    }
    worth
}

/// A connection for long work. Its commits don't wait for the disk: a batch that is lost with the server is lost together
/// with the row that says how far the part is. The swap waits for all of them.
pub(super) async fn connect(pool: &PgPool) -> Result<PgConnection, ProjectionError> {
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    sqlx::query(
        "SELECT set_config('synchronous_commit', 'off', false), set_config('statement_timeout', '0', false),
                set_config('idle_in_transaction_session_timeout', '60s', false),
                set_config('maintenance_work_mem', '128MB', false), set_config('jit', 'off', false)",
    )
    .execute(&mut connection)
    .await?;
    Ok(connection)
}
