use std::time::Duration;

use sqlx::{Connection, PgConnection};
use stage_projections::ProjectionError;
use stage_store::{Log, locks};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often one that doesn't lead asks whether it may.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long to wait for an answer to a small question.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Who sends to a recipient: a connection that holds its lock. Everything is noted over the same connection, so who loses
/// the lock can't note anything any more. What it was just sending may be sent again by the next, with the same
/// idempotency key.
pub(super) struct Leader {
    connection: PgConnection,
}

impl Leader {
    /// Waits until this process leads; `None` when it is told to stop first.
    pub(super) async fn elected(
        log: &Log,
        recipient: &str,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, ProjectionError> {
        let mut connection = within(connect(log)).await?;
        loop {
            let asked = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext($2))")
                .bind(locks::DELIVERIES)
                .bind(recipient)
                .fetch_one(&mut connection);
            if within(async { Ok(asked.await?) }).await? {
                return Ok(Some(Self { connection }));
            }
            tokio::select! {
                () = stop.cancelled() => {
                    connection.close().await?;
                    return Ok(None);
                }
                () = sleep(ASK_EVERY) => {}
            }
        }
    }

    /// Asks or notes something small.
    pub(super) async fn with<T>(
        &mut self,
        asking: impl AsyncFnOnce(&mut PgConnection) -> Result<T, ProjectionError>,
    ) -> Result<T, ProjectionError> {
        within(asking(&mut self.connection)).await
    }

    /// Lets another lead at once.
    pub(super) async fn resign(self) -> Result<(), ProjectionError> {
        within(async { Ok(self.connection.close().await?) }).await
    }
}

async fn connect(log: &Log) -> Result<PgConnection, ProjectionError> {
    let mut connection = PgConnection::connect_with(&log.pool().connect_options()).await?;
    // The server ends a session whose process or machine is gone or hangs, so that its lock is free again. A send, during
    // which the session is idle, takes less than a minute.
    sqlx::query(
        "SELECT set_config('tcp_keepalives_idle', '1', false),
                set_config('tcp_keepalives_interval', '1', false),
                set_config('tcp_keepalives_count', '3', false),
                set_config('tcp_user_timeout', '4000', false),
                set_config('idle_session_timeout', '60s', false),
                set_config('idle_in_transaction_session_timeout', '30s', false),
                set_config('synchronous_commit', 'on', false)",
    )
    .execute(&mut connection)
    .await?;
    Ok(connection)
}

async fn within<T>(asking: impl Future<Output = Result<T, ProjectionError>>) -> Result<T, ProjectionError> {
    let silent = || ProjectionError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    timeout(ANSWER_WITHIN, asking).await.map_err(|_| silent())?
}
