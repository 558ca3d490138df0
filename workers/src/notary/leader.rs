use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use stage_store::{locks, proof::ProofError};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often one that doesn't lead asks whether it may.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait for an answer to a small question.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Waits for the connection that holds the notary's lock; `None` when told to stop first. All that a notary writes, it
/// writes on this connection, so who loses the lock can't write any more.
pub(super) async fn elected(
    pool: &PgPool,
    stop: &CancellationToken,
) -> Result<Option<PgConnection>, ProofError> {
    let mut connection = within(connect(pool)).await?;
    loop {
        if within(may_lead(&mut connection)).await? {
            return Ok(Some(connection));
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = sleep(ASK_EVERY) => {}
        }
    }
}

/// Keeps the session from being silent, and fails when it is gone.
pub(super) async fn still(connection: &mut PgConnection) -> Result<(), ProofError> {
    within(connection.ping()).await
}

async fn connect(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    // The server ends a session whose process or machine is gone or hangs, so that its lock is free again; a
    // checkpoint that somebody was shown is still there after a crash.
    sqlx::query(
        "SELECT set_config('tcp_keepalives_idle', '1', false),
                set_config('tcp_keepalives_interval', '1', false),
                set_config('tcp_keepalives_count', '3', false),
                set_config('tcp_user_timeout', '4000', false),
                set_config('idle_session_timeout', '10s', false),
                set_config('idle_in_transaction_session_timeout', '30s', false),
                set_config('synchronous_commit', 'on', false)",
    )
    .execute(&mut connection)
    .await?;
    Ok(connection)
}

async fn may_lead(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)")
        .bind(locks::NAMESPACE)
        .bind(locks::NOTARY)
        .fetch_one(connection)
        .await
}

async fn within<T>(asking: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, ProofError> {
    let silent = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    Ok(timeout(ANSWER_WITHIN, asking).await.map_err(silent)??)
}
