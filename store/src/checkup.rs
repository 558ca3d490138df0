//! What an operator wants to know of the database before trusting it with the log.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::{MIGRATIONS, StoreError};

/// What was found. Nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// PostgreSQL's `server_version_num`, for instance 150018 for 15.18.
    pub version: i32,
    /// A standby refuses to be written to.
    pub is_standby: bool,
    /// Settings under which a commit that was answered can be lost, each with its value.
    pub unsafe_settings: Vec<(String, String)>,
    /// The numbers of this program's migrations that the database lacks.
    pub missing_migrations: Vec<i64>,
    /// The numbers of migrations that the database has and this program does not know, or knows with another content.
    pub foreign_migrations: Vec<i64>,
    /// Triggers that keep what must not change from changing, and that somebody has switched off.
    pub disabled_triggers: Vec<String>,
    /// How far the server's clock is ahead of the one that was given; negative when it is behind.
    pub clock_ahead: TimeDelta,
    /// How much disk the database takes, in bytes.
    pub bytes: i64,
    /// Connections that are open to the whole server, and how many it allows.
    pub connections: (i64, i64),
}

type Server = (i32, bool, DateTime<Utc>, i64, i64, i64);

/// Looks at the database. `now` is what time it is here.
pub async fn checkup(pool: &PgPool, now: DateTime<Utc>) -> Result<Checkup, StoreError> {
    let (version, is_standby, its_now, open, most, bytes) = sqlx::query_as::<_, Server>(
        "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), clock_timestamp(),
                (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
                current_setting('max_connections')::bigint, pg_database_size(current_database())",
    )
    .fetch_one(pool)
    .await?;
    let unsafe_settings = sqlx::query_as(
        "SELECT name, setting FROM pg_settings
         WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name",
    )
    .fetch_all(pool)
    .await?;
    let disabled_triggers = sqlx::query_scalar(
        "SELECT tgrelid::regclass::text || '.' || tgname FROM pg_trigger
         WHERE NOT tgisinternal AND tgenabled IN ('D', 'R') ORDER BY 1",
    )
    .fetch_all(pool)
    .await?;
    let applied = applied(pool).await?;
    let is_applied =
        |version: i64, checksum: &[u8]| applied.iter().any(|(v, c)| *v == version && c == checksum);
    let is_known = |version: i64, checksum: &[u8]| {
        MIGRATIONS.iter().any(|m| m.version == version && *m.checksum == *checksum)
    };
    Ok(Checkup {
        version,
        is_standby,
        unsafe_settings,
        missing_migrations: MIGRATIONS
            .iter()
            .filter(|migration| !is_applied(migration.version, &migration.checksum))
            .map(|migration| migration.version)
            .collect(),
        foreign_migrations: applied
            .iter()
            .filter(|(version, checksum)| !is_known(*version, checksum))
            .map(|(version, _)| *version)
            .collect(),
        disabled_triggers,
        clock_ahead: its_now - now,
        bytes,
        connections: (open, most),
    })
}

/// Number and checksum of each migration that the database has.
async fn applied(pool: &PgPool) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(pool).await?;
    if !there {
        return Ok(Vec::new());
    }
    let applied =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version");
    Ok(applied.fetch_all(pool).await?)
}
