//! How the log is, for whoever operates it.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::mark::HOLDERS;
use crate::{Position, StoreError, locks};

/// What there is to say about the log at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct LogStatus {
    /// The highest position that can be seen; 0 in an empty log.
    pub last: Position,
    pub events: u64,
    /// Appends that are in progress, the oldest first. They hold the high-water mark back.
    pub open: Vec<OpenAppend>,
}

/// An append in progress.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct OpenAppend {
    /// The server's process; `None` for a transaction that was prepared to be committed in two phases.
    pub pid: Option<i32>,
    /// What the client calls itself.
    pub application: Option<String>,
    /// As PostgreSQL says it: `active`, or `idle in transaction` when the client does nothing.
    pub state: Option<String>,
    /// When its transaction began. `None` where the asking role may not know (`pg_read_all_stats`).
    pub since: Option<DateTime<Utc>>,
    /// For how many seconds it has been open, by the server's clock.
    pub seconds: Option<f64>,
}

pub async fn status(pool: &PgPool) -> Result<LogStatus, StoreError> {
    let (last, events): (Position, i64) =
        sqlx::query_as("SELECT coalesce(max(position), 0), count(*) FROM events").fetch_one(pool).await?;
    // Neither the client's address nor the statement is asked for: they are nobody's business here.
    let open = sqlx::query_as(&format!(
        "SELECT l.pid, nullif(a.application_name, '') AS application, a.state, a.xact_start AS since,
                extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
         FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE {HOLDERS}
         ORDER BY a.xact_start NULLS FIRST, l.pid"
    ))
    .bind(locks::NAMESPACE)
    .bind(locks::APPEND)
    .fetch_all(pool)
    .await?;
    Ok(LogStatus { last, events: events.cast_unsigned(), open })
}
