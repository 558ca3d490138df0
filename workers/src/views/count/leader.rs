use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::{sleep, timeout};

use super::{Settings, ViewsError};

/// How many heartbeats PostgreSQL waits for a silent leader before it ends the session, and with it the lock.
const SILENT_BEATS: u32 = 3;

/// A connection of its own that holds the leader's lock. The lock goes with the connection, also when the process
/// hangs or its machine is gone.
pub(super) async fn elected(pool: &PgPool, settings: &Settings) -> Result<PgConnection, ViewsError> {
    let options = pool.connect_options();
    let connecting = timeout(settings.timeout, PgConnection::connect_with(&options));
    let mut connection = connecting.await.map_err(|_| ViewsError::TimedOut("connecting"))??;
    let silence = format!("{}ms", (settings.heartbeat * SILENT_BEATS).as_millis());
    sqlx::query(
        "SELECT set_config('idle_session_timeout', $1, false),
                set_config('idle_in_transaction_session_timeout', $1, false),
                set_config('tcp_keepalives_idle', '2', false),
                set_config('tcp_keepalives_interval', '1', false),
                set_config('tcp_keepalives_count', '2', false)",
    )
    .bind(silence)
    .execute(&mut connection)
    .await?;
    while !is_leader(&mut connection, settings).await? {
        sleep(settings.heartbeat).await;
    }
    Ok(connection)
}

async fn is_leader(connection: &mut PgConnection, settings: &Settings) -> Result<bool, ViewsError> {
    let asking = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended('stage views ' || $1, 0))")
        .bind(&settings.stream)
        .fetch_one(connection);
    Ok(timeout(settings.timeout, asking).await.map_err(|_| ViewsError::TimedOut("the leader's lock"))??)
}

/// Keeps the session from being silent, and fails when it is gone.
pub(super) async fn still(connection: &mut PgConnection, settings: &Settings) -> Result<(), ViewsError> {
    timeout(settings.timeout, connection.ping())
        .await
        .map_err(|_| ViewsError::TimedOut("the leader's lock"))??;
    Ok(())
}

/// Waits for somebody else, without the session falling silent meanwhile: a slow NATS must not cost the leader its lock,
/// because the next one would fare no better and nothing would ever be counted.
pub(super) async fn meanwhile<T>(
    connection: &mut PgConnection,
    settings: &Settings,
    work: impl Future<Output = Result<T, ViewsError>>,
) -> Result<T, ViewsError> {
    let mut work = std::pin::pin!(work);
    loop {
        match timeout(settings.heartbeat, &mut work).await {
            Ok(done) => return done,
            Err(_) => still(connection, settings).await?,
        }
    }
}
