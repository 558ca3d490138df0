//! How the program connects to PostgreSQL.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::StoreError;

/// A connection that was used within this time is taken to be alive. sqlx would ask the server before every
/// use, which doubles the round trips of a small command.
const TRUSTED: Duration = Duration::from_secs(5);

/// What every session is told, unless the database's address says otherwise. A connection for long work sets its
/// own values. Over a Unix socket PostgreSQL passes over the last three.
const SESSION: [(&str, &str); 5] = [
    ("idle_in_transaction_session_timeout", "60s"),
    ("statement_timeout", "120s"),
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
];

/// A pool of at most `max` connections. It connects at once, so that a wrong address is found at the start.
pub async fn connect(url: &str, max: u32) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(StoreError::Database)?;
    connect_with(options, max).await.map_err(StoreError::from)
}

/// The same for an address that was read already.
pub async fn connect_with(options: PgConnectOptions, max: u32) -> Result<PgPool, sqlx::Error> {
    options_for(max).connect_with(session(options)).await
}

fn session(options: PgConnectOptions) -> PgConnectOptions {
    let given = options.get_options().unwrap_or_default().to_owned();
    let unsaid = SESSION.into_iter().filter(|(name, _)| !given.contains(name));
    // sqlx would log statements; the rooms tell of theirs by themselves.
    options.application_name("stage").options(unsaid).disable_statement_logging()
}

/// The pool's own options alone.
#[must_use]
pub fn options_for(max: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}
