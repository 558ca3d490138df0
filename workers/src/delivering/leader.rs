use std::time::Duration;

use sqlx::{Connection, PgConnection};
use stage_projections::ProjectionError;
use stage_store::{Log, locks};
use tokio_util::sync::CancellationToken;

use crate::lead::Lead;

/// Who sends to a recipient: a connection that holds its lock, over which everything is noted. What a leader was just
/// sending when it lost the lock may be sent again by the next, with the same idempotency key.
pub(super) struct Leader<'a> {
    lead: Lead<'a>,
    connection: PgConnection,
}

impl<'a> Leader<'a> {
    /// Waits until this process leads; `None` when it is told to stop first.
    pub(super) async fn elected(
        log: &Log,
        recipient: &'a str,
        stop: &CancellationToken,
    ) -> Result<Option<Self>, ProjectionError> {
        let lead = Lead {
            lock: (locks::DELIVERIES, recipient),
            ask_every: Duration::from_secs(1),
            answer_within: Duration::from_secs(10),
            // A send, during which the session is idle, takes less.
            silent: Duration::from_secs(60),
            silent_within: Duration::from_secs(30),
        };
        let elected = stop.run_until_cancelled(lead.elected(log.pool())).await.transpose()?;
        Ok(elected.map(|connection| Self { lead, connection }))
    }

    /// Asks or notes something small.
    pub(super) async fn with<T>(
        &mut self,
        asking: impl AsyncFnOnce(&mut PgConnection) -> Result<T, ProjectionError>,
    ) -> Result<T, ProjectionError> {
        self.lead.within(asking(&mut self.connection)).await
    }

    /// Lets another lead at once.
    pub(super) async fn resign(self) -> Result<(), ProjectionError> {
        Ok(self.lead.within(self.connection.close()).await?)
    }
}
