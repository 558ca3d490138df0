use std::time::Duration;

use sqlx::{Connection, PgConnection};
use stage_projections::{
    ProjectionError,
    engine::{Checkpoint, Projection, rebuild::tables_version, take_up},
};
use stage_store::{Log, locks};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::lead::Lead;

/// How often a leader with nothing to do makes sure that it still leads.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The leader of a projection: a connection that holds its lock. The batches are applied on it.
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
        let lead = lead(projection.name());
        let mut connection = lead.connect(log.pool()).await?;
        // A statement may take its time: emptying a large read model before it is built anew is one.
        sqlx::query("SET statement_timeout = 0").execute(&mut connection).await?;
        while !lead.may_lead(&mut connection).await? {
            let tables = tables_version(log.pool(), projection.name()).await?;
            if tables.is_some_and(|version| version != projection.version()) {
                connection.close().await?;
                return Ok(None);
            }
            if stop.run_until_cancelled(sleep(lead.ask_every)).await.is_none() {
                connection.close().await?;
                return Ok(None);
            }
        }
        Ok(Some(Self { connection, last_heard: Instant::now() }))
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
        lead(projection.name()).within(take_up(self.connection(), projection, retry)).await
    }

    /// Lets another lead at once.
    pub(super) async fn resign(self, projection: &dyn Projection) -> Result<(), ProjectionError> {
        Ok(lead(projection.name()).within(self.connection.close()).await?)
    }
}

fn lead(projection: &str) -> Lead<'_> {
    Lead {
        lock: (locks::PROJECTIONS, projection),
        ask_every: Duration::from_millis(500),
        answer_within: Duration::from_secs(5),
        silent: Duration::from_secs(10),
        silent_within: Duration::from_secs(30),
    }
}
