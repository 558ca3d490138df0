use std::time::Duration;

use sqlx::{Connection, PgConnection};
use stage_projections::{
    ProjectionError,
    engine::{Checkpoint, Projection, rebuild::tables_version, take_up},
};
use stage_store::{Log, locks};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often one that doesn't lead asks whether it may. Waiting inside PostgreSQL would hold a snapshot open
/// and with it everything that vacuum could remove.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// How often a leader with nothing to do makes sure that it still leads.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How long to wait for an answer to a small question.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The leader of a projection: a connection that holds its lock.
///
/// The lock belongs to the connection's session, and the batches are applied on the same connection. So who
/// loses the lock loses the open transaction with it, and can't write after another took over.
pub(super) struct Leader {
    connection: PgConnection,
    last_heard: Instant,
}

impl Leader {
    /// Waits until this process leads; `None` when it is told to stop first, or when the tables were made by
    /// another version meanwhile, so that there is something else to do.
    pub(super) async fn elected(
        log: &Log,
        projection: &dyn Projection,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, ProjectionError> {
        let mut connection = within(connect(log)).await?;
        loop {
            if within(may_lead(&mut connection, projection)).await? {
                return Ok(Some(Self { connection, last_heard: Instant::now() }));
            }
            let tables = tables_version(log.pool(), projection.name()).await?;
            if tables.is_some_and(|version| version != projection.version()) {
                connection.close().await?;
                return Ok(None);
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

    /// The connection, for a transaction.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.last_heard = Instant::now();
        &mut self.connection
    }

    /// The checkpoint, asked for now and then; it fails when the connection, and with it the lead, is lost.
    pub(super) async fn check(
        &mut self,
        projection: &dyn Projection,
    ) -> Result<Option<Checkpoint>, ProjectionError> {
        if self.last_heard.elapsed() < CHECK_EVERY {
            return Ok(None);
        }
        self.take_up(projection, false).await.map(Some)
    }

    /// Reads the checkpoint; `retry` as in [`take_up`].
    pub(super) async fn take_up(
        &mut self,
        projection: &dyn Projection,
        retry: bool,
    ) -> Result<Checkpoint, ProjectionError> {
        within(take_up(self.connection(), projection, retry)).await
    }

    /// Lets another lead at once.
    pub(super) async fn resign(self) -> Result<(), ProjectionError> {
        within(async { Ok(self.connection.close().await?) }).await
    }
}

async fn connect(log: &Log) -> Result<PgConnection, ProjectionError> {
    let mut connection = PgConnection::connect_with(&log.pool().connect_options()).await?;
    // The server ends a session whose process or machine is gone or hangs, so that its lock is free again: a closed
    // connection at once, an unplugged machine within 4 seconds, a process that hangs within 10, between
    // batches, or 30, within one.
    //
    // A statement may take its time: emptying a large read model before it is built anew is one.
    //
    // A commit waits for the disk, whatever the server's own setting: what a reader was once shown is shown
    // again after a crash.
    sqlx::query(
        "SELECT set_config('tcp_keepalives_idle', '1', false),
                set_config('tcp_keepalives_interval', '1', false),
                set_config('tcp_keepalives_count', '3', false),
                set_config('tcp_user_timeout', '4000', false),
                set_config('idle_session_timeout', '10s', false),
                set_config('idle_in_transaction_session_timeout', '30s', false),
                set_config('statement_timeout', '0', false),
                set_config('synchronous_commit', 'on', false)",
    )
    .execute(&mut connection)
    .await?;
    Ok(connection)
}

async fn may_lead(
    connection: &mut PgConnection,
    projection: &dyn Projection,
) -> Result<bool, ProjectionError> {
    let elected = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext($2))")
        .bind(locks::PROJECTIONS)
        .bind(projection.name())
        .fetch_one(connection)
        .await?;
    Ok(elected)
}

async fn within<T>(asking: impl Future<Output = Result<T, ProjectionError>>) -> Result<T, ProjectionError> {
    timeout(ANSWER_WITHIN, asking).await.map_err(|_| silent())?
}

/// The server doesn't answer, nor does it close the connection.
pub(super) fn silent() -> ProjectionError {
    ProjectionError::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
}
