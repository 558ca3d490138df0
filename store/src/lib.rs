//! The event log on PostgreSQL, and what must be written in one transaction with it.
//!
//! Here live appending and reading events (`log`), their order (`mark`), sealed personal data (`seal`),
//! uniqueness (`claim`), the proof that nothing was changed (`proof`), and the object store for files (`objects`). No business decision is made here and no
//! read model is kept here. Start with `log/execute.rs`: how a command becomes rows.

mod checkup;
pub mod claim;
pub mod error;
pub mod locks;
pub mod log;
pub mod objects;
pub mod pool;
pub mod proof;
pub mod seal;

pub use checkup::{Checkup, checkup};
pub use claim::{ClaimChange, ClaimKind};
pub use cqrs_es::DomainEvent;
pub use error::{ExecuteError, StoreError};
pub use log::{
    Act, Ahead, Also, Appended, Batch, Deed, Follower, Hint, Loaded, Log, Mark, Moment, OnlyIf, Reader,
    Receipt, Recorded, Redaction, Restoration, Restored,
};
pub use objects::{Object, Objects, ObjectsSettings};
pub use pool::connect;
pub use seal::{
    KeyCheckup, Keyring, MasterKey, MasterKeys, NewSubject, Rotated, forget, hold, key_checkup, vacuum_keys,
};

use std::{
    convert::Infallible,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use sqlx::{PgPool, migrate::MigrateError};
use tokio::time::{Instant, sleep};

/// Where an event stands in the log: 1, 2, 3, … with gaps, the same for every reader for ever.
pub type Position = i64;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// How often a migration tries to get at a table that somebody uses, a second apart.
const TRIES: u32 = 600;
/// How often whoever waits for it is told that it still waits.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Brings the database to the newest form, forward only, while other programs use it. Safe to run from several processes at
/// once.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    // A migration may take longer than any other statement. But one that waits for a table lets nobody pass who comes after
    // it, so behind a long reader it would stop everybody: it steps aside and tries again.
    let session: i32 = sqlx::query_scalar(
        "SELECT pg_backend_pid(),
                set_config('statement_timeout', '0', false), set_config('lock_timeout', '2s', false)",
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut tries = 0;
    let mut told: Option<Instant> = None;
    let migrated = loop {
        let in_the_way = AtomicI64::new(0);
        let ended = tokio::select! {
            ended = MIGRATIONS.run(&mut *connection) => ended,
            never = count_in_the_way(pool, session, &in_the_way) => match never {},
        };
        match ended {
            Err(error) if is_in_the_way(&error) && tries < TRIES => {
                tries += 1;
                if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                    told = Some(Instant::now());
                    let migration = number(&error);
                    let sessions = in_the_way.into_inner();
                    tracing::warn!(migration, sessions, tries, "a migration waits for other sessions");
                }
                sleep(Duration::from_secs(1)).await;
            }
            ended => break ended.map_err(StoreError::Migration),
        }
    };
    connection.close().await?;
    migrated
}

/// Counts the sessions that this one waits for, while it waits: once it steps aside nobody knows any more.
async fn count_in_the_way(pool: &PgPool, session: i32, found: &AtomicI64) -> Infallible {
    loop {
        sleep(Duration::from_millis(500)).await;
        let counting = sqlx::query_scalar("SELECT count(DISTINCT pid) FROM unnest(pg_blocking_pids($1)) pid");
        // That it can't be known is no reason not to migrate.
        if let Ok(count @ 1..) = counting.bind(session).fetch_one(pool).await {
            found.store(count, Ordering::Relaxed);
        }
    }
}

/// Somebody uses a table, or migrates; or waits for a table that this migration has, while it waits for one of theirs.
fn is_in_the_way(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|refusal| refusal.code());
    matches!(code.as_deref(), Some("55P03" | "40P01"))
}

/// The migration that failed, unless it was not begun.
fn number(error: &MigrateError) -> Option<i64> {
    match error {
        MigrateError::ExecuteMigration(_, number) => Some(*number),
        _ => None,
    }
}

/// Whether the database has every form that this program knows.
pub async fn is_migrated(pool: &PgPool) -> Result<bool, StoreError> {
    let begun: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(pool).await?;
    if !begun {
        return Ok(false);
    }
    let known: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    let applied: i64 =
        sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success AND version = ANY ($1)")
            .bind(&known)
            .fetch_one(pool)
            .await?;
    Ok(usize::try_from(applied).is_ok_and(|applied| applied == known.len()))
}

/// Tells one set of migrations from another: hex digits, the same for the same files.
#[must_use]
pub fn migrations_digest() -> String {
    use sha2::Digest;
    let mut digest = sha2::Sha256::new();
    MIGRATIONS.iter().for_each(|migration| digest.update(&migration.checksum));
    hex::encode(&digest.finalize()[..8])
}
