use std::{sync::Arc, time::Duration};

use stage_projections::{
    ProjectionError,
    engine::{Checkpoint, Outcome, Projection, State, apply, cause, rebuild::tables_version},
};
use stage_store::{Log, Position};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{leader::Leader, metrics::Metrics, renew::renew};
use crate::{backoff::Backoff, lead::silent};

/// Events of one transaction.
const BATCH: usize = 1_000;

/// How often the log is looked at when nobody wakes us.
const POLL: Duration = Duration::from_millis(250);

/// The first pause when an event was announced that isn't safe to read yet.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// Between two tries after the database failed: the first and the longest pause.
const RETRY: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3)];

/// A batch takes less, also when a topic of the biggest stage changes. It ends a wait for a server that is gone
/// without a word.
const BATCH_AT_MOST: Duration = Duration::from_secs(300);

/// How often a projection that is paused or has failed is looked at.
const STOPPED_CHECK: Duration = Duration::from_secs(1);

/// Runs one projection until `stop`: leads or waits to, follows the log, applies it in batches. Dropping the
/// future is as safe as a crash: what was not committed is applied again by whoever leads next.
pub async fn run(
    log: Log,
    projection: Arc<dyn Projection>,
    wake: watch::Receiver<Position>,
    stop: CancellationToken,
) {
    let metrics = Metrics::new(projection.name());
    // Who has never led says so too: an alert sums over all workers.
    metrics.leads(false);
    let backoff = Backoff::new(RETRY[0], RETRY[1]);
    let mut projector =
        Projector { log, projection, wake, stop, metrics, retry: true, passed_on: None, backoff };
    while !projector.stop.is_cancelled() {
        let rest = match projector.lead().await {
            Ok(rest) => rest,
            Err(error) => {
                let name = projector.projection.name();
                let cause = cause(&error);
                tracing::warn!(
                    projection = name,
                    cause,
                    "projecting was interrupted; it will be tried again"
                );
                projector.backoff.next()
            }
        };
        projector.metrics.leads(false);
        let _ = timeout(rest, projector.stop.cancelled()).await;
    }
}

struct Projector {
    log: Log,
    projection: Arc<dyn Projection>,
    wake: watch::Receiver<Position>,
    stop: CancellationToken,
    metrics: Metrics,
    /// Whether a projection that has failed is tried again: once for each start of the program.
    retry: bool,
    /// The newer version that was last told to have taken over.
    passed_on: Option<i32>,
    /// How long to rest after the next failure of the database.
    backoff: Backoff,
}

impl Projector {
    /// One term as the leader. Returns how long to rest before the next.
    async fn lead(&mut self) -> Result<Duration, ProjectionError> {
        let projection = Arc::clone(&self.projection);
        match tables_version(self.log.pool(), projection.name()).await? {
            Some(tables) if tables < projection.version() => {
                return renew(&self.log, &projection, tables, &self.stop).await;
            }
            Some(tables) if tables > projection.version() => return Ok(self.pass_on(tables)),
            _ => {}
        }
        let Some(mut leader) = Leader::elected(&self.log, &*projection, &self.stop).await? else {
            return Ok(Duration::ZERO);
        };
        let checkpoint = leader.take_up(&*projection, self.retry).await?;
        self.retry = false;
        if checkpoint.version != projection.version() {
            leader.resign(&*projection).await?;
            return Ok(Duration::ZERO);
        }
        if checkpoint.state != State::Running {
            leader.resign(&*projection).await?;
            return Ok(STOPPED_CHECK);
        }
        self.metrics.leads(true);
        tracing::info!(projection = projection.name(), position = checkpoint.position, "leads");
        self.follow(leader, checkpoint.position).await
    }

    /// A newer program made the tables: they are its to keep. Says so once.
    fn pass_on(&mut self, tables: i32) -> Duration {
        if self.passed_on != Some(tables) {
            self.passed_on = Some(tables);
            tracing::warn!(
                projection = self.projection.name(),
                tables,
                program = self.projection.version(),
                "a newer program keeps this projection now; this one leaves it alone"
            );
        }
        STOPPED_CHECK
    }

    /// Applies the log from just after `position` on, until something ends the term.
    async fn follow(
        &mut self,
        mut leader: Leader,
        mut position: Position,
    ) -> Result<Duration, ProjectionError> {
        let projection = Arc::clone(&self.projection);
        let mut follower = self.log.follow(position);
        let mut pauses = Backoff::new(FIRST_PAUSE, POLL);
        while !self.stop.is_cancelled() {
            self.wake.mark_unchanged();
            let batch = follower.next(BATCH).await?;
            let announced = *self.wake.borrow();
            let Some(last) = batch.last().map(|event| event.position) else {
                self.metrics.at(position);
                let mine = Checkpoint { state: State::Running, position, version: projection.version() };
                if leader.check(&*projection).await?.is_some_and(|checkpoint| checkpoint != mine) {
                    break;
                }
                self.backoff.reset();
                // What was announced may wait for an earlier writer to commit.
                self.pause(if announced > position { pauses.next() } else { POLL }).await;
                continue;
            };
            pauses.reset();
            let span = tracing::info_span!(
                target: "stage_trace", "apply", projection = projection.name(), events = batch.len()
            );
            let applying = apply(leader.connection(), &*projection, position, &batch).instrument(span);
            let outcome = timeout(BATCH_AT_MOST, applying).await.map_err(|_| silent())??;
            match outcome {
                Outcome::Applied => {
                    position = last;
                    self.backoff.reset();
                    self.metrics.at(position);
                    self.metrics.applied(batch.len());
                }
                Outcome::Moved => break,
                Outcome::Stopped { position, error } => {
                    tracing::error!(projection = projection.name(), position, error, "cannot apply an event");
                    leader.resign(&*projection).await?;
                    return Ok(STOPPED_CHECK);
                }
            }
        }
        leader.resign(&*projection).await?;
        Ok(Duration::ZERO)
    }

    /// Until something is announced or the time is over.
    async fn pause(&mut self, time: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(time) => {}
            // A sender that is gone announces nothing any more.
            Ok(()) = self.wake.changed() => {}
        }
    }
}
