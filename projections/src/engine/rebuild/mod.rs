//! Making a projection's tables anew from the log, while the live ones are read and kept up to date.
//!
//! `shadow.rs` makes empty tables in a schema of their own. `pass.rs` goes through the log: one reads, several apply,
//! each the events of its own stages (`share.rs`), with how far they are in the transaction of each batch
//! (`progress.rs`). `finish.rs` makes the indexes, applies what was appended meanwhile and swaps the schemas in one
//! transaction. `compare.rs` does the same without the swap and looks for differences. A rebuild that was ended in any
//! way goes on where it was, unless somebody gives it up (`give_up.rs`).

mod compare;
mod error;
mod finish;
mod give_up;
mod grants;
mod pass;
mod progress;
mod shadow;
mod share;

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use finish::Names;
use futures::future::BoxFuture;
use sqlx::{Connection, PgConnection, PgPool};
use stage_store::{Mark, Position, Reader, locks};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{Projection, Rebuild, cause, skipped};
use crate::ProjectionError;
use pass::Work;
use progress::Progress;

pub use compare::{Difference, Same, compare};
pub use error::RebuildError;
pub use give_up::give_up;
pub(crate) use progress::Part;
pub(crate) use shadow::first;

/// How often it is told how far a rebuild is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// The types of streams that something is about; `None` for all.
type Types = Option<Vec<String>>;

/// What a rebuild is doing, and how far it is with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    pub phase: Phase,
    /// Events applied and to apply, of those that were there when it began.
    pub done: u64,
    pub total: u64,
    /// Of `done`, what an earlier run did that was ended.
    pub before: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Making empty tables.
    #[default]
    Preparing,
    Applying,
    Indexing,
    /// Applying what was appended meanwhile, then swapping.
    CatchingUp,
    Comparing,
    Done,
}

/// What a rebuild works with.
#[derive(Clone)]
pub struct Rebuilding {
    pub pool: PgPool,
    /// How many apply events at the same time; one that goes on keeps the number that it began with.
    pub workers: usize,
    pub stand: watch::Sender<Stand>,
    pub stop: CancellationToken,
}

/// Rebuilds a projection, or goes on with a rebuild that was ended, and swaps. Returns the position of the new tables.
pub fn rebuild(
    with: &Rebuilding,
    projection: Arc<dyn Projection>,
) -> BoxFuture<'static, Result<Position, RebuildError>> {
    let with = with.clone();
    Box::pin(async move { alone(&with, projection).await })
}

/// Lets nobody else rebuild meanwhile.
async fn alone(with: &Rebuilding, projection: Arc<dyn Projection>) -> Result<Position, RebuildError> {
    let name = projection.name();
    if projection.rebuild() == Rebuild::Never {
        return Err(RebuildError::Never(name));
    }
    let lock = lock(&with.pool, name).await?;
    let names = Names::of(name);
    let rebuilt = locked(with, projection, &names).await;
    if let Err(error) = &rebuilt {
        progress::failed(&with.pool, &names.next, told(error).as_deref()).await?;
    }
    release(lock, name).await?;
    rebuilt
}

/// What the status says of a rebuild that ended with this.
fn told(error: &RebuildError) -> Option<String> {
    match error {
        RebuildError::Interrupted => None,
        RebuildError::Projection(error) => Some(cause(error)),
        RebuildError::Poison { position, error, .. } => Some(format!("event {position}: {error}")),
        other => Some(other.to_string()),
    }
}

async fn locked(
    with: &Rebuilding,
    projection: Arc<dyn Projection>,
    names: &Names,
) -> Result<Position, RebuildError> {
    let passes = passes(&*projection);
    finish::tidy(&with.pool, names).await?;
    let mut progress = match begun(with, &*projection, names).await? {
        Some(progress) => progress,
        None => begin(with, &*projection, names, &names.next, None).await?,
    };
    let work = work(with, projection, &progress).await?;
    fill(with, &work, names, &mut progress, &passes).await?;
    with.stand.send_modify(|stand| stand.phase = Phase::CatchingUp);
    let Some(part) = progress.parts.first_mut() else { return Err(sqlx::Error::RowNotFound.into()) };
    let position = finish::take_over(&work, names, part, &types(&passes)).await?;
    with.stand.send_modify(|stand| stand.phase = Phase::Done);
    finish::tidy(&with.pool, names).await?;
    Ok(position)
}

/// Everything up to the target, and the indexes.
async fn fill(
    with: &Rebuilding,
    work: &Work,
    names: &Names,
    progress: &mut Progress,
    passes: &[Types],
) -> Result<(), RebuildError> {
    let telling = tell(with.stand.clone(), work.applied.clone());
    tokio::pin!(telling);
    while let Some(types) = passes.get(progress.pass) {
        with.stand.send_modify(|stand| stand.phase = Phase::Applying);
        let passing = pass::run(work, &progress.parts, types, progress.target);
        tokio::select! {
            passed = passing => passed?,
            () = &mut telling => {}
        }
        if with.stop.is_cancelled() {
            return Err(RebuildError::Interrupted);
        }
        progress.end_pass(&work.pool, passes.len()).await?;
    }
    with.stand.send_modify(|stand| {
        stand.done = work.applied.load(Ordering::Relaxed);
        stand.phase = Phase::Indexing;
    });
    let like = like(&*work.projection, names);
    finish::index(&work.pool, &progress.schema, like, with.workers).await?;
    Ok(())
}

async fn tell(stand: watch::Sender<Stand>, applied: Arc<AtomicU64>) {
    loop {
        sleep(TELL_EVERY).await;
        stand.send_modify(|stand| stand.done = applied.load(Ordering::Relaxed));
    }
}

/// The schema whose tables new ones are made like.
fn like<'a>(projection: &dyn Projection, names: &'a Names) -> &'a str {
    match projection.tables() {
        Some(_) => &names.shape,
        None => &names.live,
    }
}

/// What an earlier run left, if it is of use: of the same version, and its tables are there.
async fn begun(
    with: &Rebuilding,
    projection: &dyn Projection,
    names: &Names,
) -> Result<Option<Progress>, RebuildError> {
    let Some(progress) = Progress::read(&with.pool, &names.next).await? else { return Ok(None) };
    let mut connection = pass::connect(&with.pool).await?;
    let there = shadow::exists(&mut connection, &names.next).await?;
    if !there || progress.version != projection.version() || progress.parts.is_empty() {
        return Ok(None);
    }
    // Tidied away after the run that was ended.
    let mut tx = connection.begin().await?;
    if let Some(tables) = projection.tables() {
        shadow::make(&mut tx, &names.shape, tables).await?;
    }
    tx.commit().await?;
    Ok(Some(progress))
}

/// Empty tables in `schema`, and the rows that say that nothing is in them yet. Without a target, all that is in the log.
async fn begin(
    with: &Rebuilding,
    projection: &dyn Projection,
    names: &Names,
    schema: &str,
    target: Option<Position>,
) -> Result<Progress, RebuildError> {
    let target = match target {
        Some(target) => target,
        None => settled(&with.pool, &with.stop).await?,
    };
    let passes = passes(projection);
    let reader = Reader::new(with.pool.clone());
    let parts = match projection.rebuild() {
        Rebuild::Shared { .. } => with.workers.clamp(1, 64),
        Rebuild::InOrder | Rebuild::Never => 1,
    };
    let part = |number| Part { schema: schema.to_owned(), number, position: 0, applied: 0 };
    let progress = Progress {
        schema: schema.to_owned(),
        version: projection.version(),
        target,
        events: reader.count(target, types(&passes).as_deref()).await?,
        pass: 0,
        parts: (0..parts as i32).map(part).collect(),
    };
    let mut connection = pass::connect(&with.pool).await?;
    let mut tx = connection.begin().await?;
    progress::forget(&mut tx, schema).await?;
    if let Some(tables) = projection.tables() {
        shadow::make(&mut tx, &names.shape, tables).await?;
    }
    shadow::copy(&mut tx, schema, like(projection, names)).await?;
    progress.begin(&mut tx, projection.name()).await?;
    tx.commit().await?;
    connection.close().await?;
    Ok(progress)
}

async fn work(
    with: &Rebuilding,
    projection: Arc<dyn Projection>,
    progress: &Progress,
) -> Result<Work, RebuildError> {
    let skipped: HashSet<_> =
        skipped(&Reader::new(with.pool.clone()), &*projection).await?.into_iter().collect();
    let applied = progress.applied();
    with.stand.send_modify(|stand| {
        *stand = Stand { phase: Phase::Applying, done: applied, total: progress.events, before: applied };
    });
    Ok(Work {
        pool: with.pool.clone(),
        projection,
        skipped: Arc::new(skipped),
        applied: Arc::new(AtomicU64::new(applied)),
        stop: with.stop.clone(),
    })
}

/// How far the log is safe to read, once whoever is appending now has finished.
async fn settled(pool: &PgPool, stop: &CancellationToken) -> Result<Position, RebuildError> {
    let mut mark = Mark::new(pool.clone());
    let wanted: Position = mark.highest().await?;
    while mark.advance().await? < wanted {
        if stop.is_cancelled() {
            return Err(RebuildError::Interrupted);
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(mark.position())
}

fn passes(projection: &dyn Projection) -> Vec<Types> {
    let owned = |types: &&[&str]| Some(types.iter().map(ToString::to_string).collect());
    match projection.rebuild() {
        Rebuild::Shared { passes } => passes.iter().map(owned).collect(),
        Rebuild::InOrder | Rebuild::Never => vec![None],
    }
}

/// The types of streams of all passes; `None` for all there are.
fn types(passes: &[Types]) -> Types {
    passes.iter().cloned().collect::<Option<Vec<_>>>().map(|types| types.concat())
}

/// Holds the right to rebuild, or to compare, for as long as the connection lives.
async fn lock(pool: &PgPool, name: &'static str) -> Result<PgConnection, RebuildError> {
    let mut connection = pass::connect(pool).await?;
    let held: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext($2))")
        .bind(locks::REBUILDS)
        .bind(name)
        .fetch_one(&mut connection)
        .await?;
    match held {
        true => Ok(connection),
        false => Err(RebuildError::Busy(name)),
    }
}

/// Gives the right back at once: a session that is closed keeps its locks for a moment, and who comes next would find it busy.
async fn release(mut connection: PgConnection, name: &'static str) -> Result<(), RebuildError> {
    sqlx::query("SELECT pg_advisory_unlock($1, hashtext($2))")
        .bind(locks::REBUILDS)
        .bind(name)
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

/// The version of the code that made the live tables; `None` before the projection ran.
pub async fn tables_version(pool: &PgPool, name: &str) -> Result<Option<i32>, ProjectionError> {
    let version = sqlx::query_scalar("SELECT version FROM projection_checkpoints WHERE name = $1")
        .bind(name)
        .fetch_optional(pool)
        .await?;
    Ok(version)
}
