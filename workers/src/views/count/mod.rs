//! Counts what the stream brings: one leader sums messages, commits the sum, and only then takes the messages
//! from the stream.
//!
//! The stream holds only what is not counted yet, so that a new leader simply reads it from its beginning. Should
//! it meet what is counted already, it takes the records that follow and leaves the others out.

mod lead;
mod reader;
mod sum;

use std::{collections::BTreeMap, time::Duration};

use async_nats::Client;
use sqlx::{PgConnection, PgPool};
use stage_projections::views;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Settings, Step, ViewsError, stream::ViewStream};
use lead::{lead, meanwhile};
use reader::Reader;
use sum::Sum;

const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs until `stop`. Any number of processes may run it; one of them counts.
pub async fn run(pool: PgPool, nats: Client, settings: Settings, stop: CancellationToken) {
    Counter::new(pool, nats, settings).run(stop).await;
}

pub(super) struct Counter {
    pool: PgPool,
    stream: ViewStream,
    settings: Settings,
}

impl Counter {
    pub(super) fn new(pool: PgPool, nats: Client, settings: Settings) -> Self {
        let stream = ViewStream::new(nats, &settings);
        Self { pool, stream, settings }
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        // Who has never led says so too: an alert sums over all workers.
        Leading::show(false);
        let forever = async {
            loop {
                if let Err(error) = self.lead().await {
                    tracing::warn!(%error, "counting views is interrupted");
                }
                // Another process may be better off.
                sleep(self.settings.heartbeat).await;
            }
        };
        // Stopping in the middle of anything does no harm.
        stop.run_until_cancelled(forever).await;
    }

    /// Waits to be the leader, then counts until something fails. The connection that holds the leader's lock is
    /// also the one that counts, so that a leader who lost it cannot count any more.
    async fn lead(&self) -> Result<(), ViewsError> {
        let mut connection = lead(&self.settings).elected(&self.pool).await?;
        let _leading = Leading::new();
        self.reached(Step::Elected);
        let mut counted = views::counted_all(&mut connection).await?;
        let mut sweep_at = Instant::now();
        loop {
            let opening = Reader::open(&self.stream, &self.settings);
            let mut reader = meanwhile(&mut connection, &self.settings, opening).await?;
            loop {
                if Instant::now() >= sweep_at {
                    views::sweep(&mut connection, self.settings.keep_finished).await?;
                    sweep_at = Instant::now() + SWEEP_EVERY;
                }
                match self.turn(&mut connection, &mut counted, &mut reader).await {
                    Ok(()) => {}
                    Err(ViewsError::ReadAgain) => break,
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Waits for messages and counts them, or finds that there are none.
    async fn turn(
        &self,
        connection: &mut PgConnection,
        counted: &mut BTreeMap<Uuid, u64>,
        reader: &mut Reader,
    ) -> Result<(), ViewsError> {
        let Some(mut sum) = self.receive(counted, reader).await? else {
            lead(&self.settings).still(connection).await?;
            return meanwhile(connection, &self.settings, reader.check(&self.stream)).await;
        };
        self.reached(Step::Received);
        let batch = sum.batch();
        if batch.is_empty() {
            lead(&self.settings).still(connection).await?;
        } else {
            let started = Instant::now();
            let counting = views::count(connection, &batch, || self.reached(Step::Added));
            let counting = timeout(self.settings.timeout * 6, counting).await;
            counting.map_err(|_| ViewsError::TimedOut("counting"))??;
            metrics::histogram!("stage_views_count_seconds").record(started.elapsed());
        }
        self.reached(Step::Committed);
        counted.extend(batch.journals.iter().map(|(journal, part)| (*journal, part.up_to)));
        sum.report(&batch);
        let purging = async { Ok(reader.purge(sum.last_sequence).await) };
        if let Err(error) = meanwhile(connection, &self.settings, purging).await? {
            // They are told apart as counted when they come again, and purged with the next ones.
            tracing::warn!(%error, "counted views stay in the stream for now");
        }
        self.reached(Step::Purged);
        Ok(())
    }

    /// What comes within a short time, and whatever is there already, as long as there is more: a transaction costs the same
    /// for one message and for thousands. `None` when nothing came for a whole heartbeat.
    async fn receive(
        &self,
        counted: &BTreeMap<Uuid, u64>,
        reader: &mut Reader,
    ) -> Result<Option<Sum>, ViewsError> {
        let Some(first) = reader.next(Instant::now() + self.settings.heartbeat).await? else {
            return Ok(None);
        };
        let begun = Instant::now();
        let until = begun + self.settings.batch_wait;
        let mut sum = Sum::default();
        sum.add(counted, &first);
        while sum.messages < self.settings.batch_messages && begun.elapsed() < self.settings.batch_most {
            match reader.next(until).await? {
                Some(message) => sum.add(counted, &message),
                None => break,
            }
        }
        Ok(Some(sum))
    }

    fn reached(&self, step: Step) {
        self.settings.steps.reached(step);
    }
}

/// Shows in the metrics which process counts.
struct Leading;

impl Leading {
    fn new() -> Self {
        Self::show(true);
        Self
    }

    fn show(leads: bool) {
        metrics::gauge!("stage_views_counter_leads").set(if leads { 1.0 } else { 0.0 });
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        Self::show(false);
    }
}
