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
    Act, Ahead, Also, Appended, Batch, Deed, Follower, Hint, Loaded, Log, Mark, Moment, Reader, Receipt,
    Recorded, Redaction, Restoration, Restored,
};
pub use objects::{Object, Objects, ObjectsSettings};
pub use pool::connect;
pub use seal::{KeyCheckup, Keyring, MasterKey, MasterKeys, NewSubject, Rotated, forget, key_checkup};

/// Where an event stands in the log: 1, 2, 3, … with gaps, the same for every reader for ever.
pub type Position = i64;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Brings the database to the newest form, forward only. Safe to run from several processes at once.
pub async fn migrate(pool: &sqlx::PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    // A migration, or waiting for another process that migrates, may take longer than any other statement.
    sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await?;
    let migrated = MIGRATIONS.run(&mut *connection).await.map_err(StoreError::Migration);
    connection.close().await?;
    migrated
}

/// Whether the database has every form that this program knows.
pub async fn is_migrated(pool: &sqlx::PgPool) -> Result<bool, StoreError> {
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
