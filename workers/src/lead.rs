//! Leading: of all the processes that run a loop, one does the work, the one whose connection holds the loop's lock.
//!
//! The lock belongs to the connection's session, and what a leader writes, it writes on that connection. So who loses the
//! lock loses the open transaction with it, and can't write after another took over.

use std::{io::ErrorKind, time::Duration};

use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::{sleep, timeout};

/// What is led, and how patient everybody is.
pub(crate) struct Lead<'a> {
    /// One of [`stage_store::locks`], and what of its kind.
    pub lock: (i32, &'a str),
    /// How often one that doesn't lead asks whether it may. Waiting inside PostgreSQL would hold a snapshot open and
    /// with it everything that vacuum could remove.
    pub ask_every: Duration,
    /// How long to wait for an answer to a small question.
    pub answer_within: Duration,
    /// How long a leader may be silent between transactions.
    pub silent: Duration,
    /// How long it may be silent within one.
    pub silent_within: Duration,
}

impl Lead<'_> {
    /// Waits for the connection that leads. Dropping the future gives up.
    pub(crate) async fn elected(&self, pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.connect(pool).await?;
        while !self.may_lead(&mut connection).await? {
            sleep(self.ask_every).await;
        }
        Ok(connection)
    }

    /// A connection that could lead.
    pub(crate) async fn connect(&self, pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
        self.within(self.connected(pool)).await
    }

    async fn connected(&self, pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
        // The server ends a session whose process or machine is gone or hangs, so that its lock is free again: a closed
        // connection at once, an unplugged machine within 4 seconds, a process that hangs when it was silent for too
        // long.
        //
        // A commit waits for the disk, whatever the server's own setting: what somebody was once shown is shown again
        // after a crash.
        sqlx::query(
            "SELECT set_config('tcp_keepalives_idle', '1', false),
                    set_config('tcp_keepalives_interval', '1', false),
                    set_config('tcp_keepalives_count', '3', false),
                    set_config('tcp_user_timeout', '4000', false),
                    set_config('idle_session_timeout', $1, false),
                    set_config('idle_in_transaction_session_timeout', $2, false),
                    set_config('synchronous_commit', 'on', false)",
        )
        .bind(format!("{}ms", self.silent.as_millis()))
        .bind(format!("{}ms", self.silent_within.as_millis()))
        .execute(&mut connection)
        .await?;
        Ok(connection)
    }

    /// Asks once for the lock.
    pub(crate) async fn may_lead(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let asking = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, hashtext($2))")
            .bind(self.lock.0)
            .bind(self.lock.1)
            .fetch_one(connection);
        self.within(asking).await
    }

    /// Keeps the session from being silent, and fails when it, and with it the lead, is gone.
    pub(crate) async fn still(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.within(connection.ping()).await
    }

    /// Waits for an answer, as long as one should take.
    pub(crate) async fn within<T, E: From<sqlx::Error>>(
        &self,
        asking: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        timeout(self.answer_within, asking).await.map_err(|_| silent())?
    }
}

/// The server doesn't answer, nor does it close the connection.
pub(crate) fn silent() -> sqlx::Error {
    sqlx::Error::Io(ErrorKind::TimedOut.into())
}
