use std::time::Duration;

use sqlx::PgConnection;
use stage_store::{
    Mark, Position, locks,
    proof::{Notary, NotaryKey, ProofError, PublicKey},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::metrics;
use crate::{Clock, backoff::Backoff, lead::Lead};

/// Events of one checkpoint at most, so that a step stays short also where there is much to catch up on.
const BATCH: usize = 8_192;
/// How often the log is looked at when nobody wakes us.
const POLL: Duration = Duration::from_secs(1);
/// Between two tries after the database failed: the first and the longest pause.
const RETRY: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3)];
/// Between two looks at what only people can mend.
const STUCK: Duration = Duration::from_secs(60);

/// The one that signs.
const LEAD: Lead<'static> = Lead {
    lock: (locks::NOTARY, "log"),
    ask_every: Duration::from_secs(1),
    answer_within: Duration::from_secs(5),
    silent: Duration::from_secs(10),
    silent_within: Duration::from_secs(30),
};

/// What the notary signs with, and how often.
#[derive(Clone, Debug)]
pub struct Settings {
    pub key: NotaryKey,
    /// Keys that signed earlier checkpoints.
    pub former: Vec<PublicKey>,
    /// The least time between two checkpoints, but for catching up. Each is a row for ever.
    pub every: Duration,
}

/// Leads or waits to, and signs what is appended, until `stop`. Dropping the future is as safe as a crash.
pub async fn run(
    pool: sqlx::PgPool,
    settings: Settings,
    wake: watch::Receiver<Position>,
    clock: Clock,
    stop: CancellationToken,
) {
    metrics::leads(false);
    let backoff = Backoff::new(RETRY[0], RETRY[1]);
    let mut office = Office { pool, settings, wake, clock, stop, backoff };
    while !office.stop.is_cancelled() {
        let rest = match office.lead().await {
            Ok(()) => Duration::ZERO,
            Err(error) if Notary::is_stuck(&error) => {
                metrics::stuck(true);
                tracing::error!(%error, "the log is not signed any more; `stage log verify` tells more");
                STUCK
            }
            // The source is left out: a driver's message can quote a value.
            Err(error) => {
                tracing::warn!(%error, "signing the log was interrupted; it will be tried again");
                office.backoff.next()
            }
        };
        metrics::leads(false);
        let _ = timeout(rest, office.stop.cancelled()).await;
    }
}

struct Office {
    pool: sqlx::PgPool,
    settings: Settings,
    wake: watch::Receiver<Position>,
    clock: Clock,
    stop: CancellationToken,
    backoff: Backoff,
}

impl Office {
    /// One term as the leader.
    async fn lead(&mut self) -> Result<(), ProofError> {
        let elected = self.stop.run_until_cancelled(LEAD.elected(&self.pool)).await.transpose()?;
        let Some(mut connection) = elected else { return Ok(()) };
        let Settings { key, former, .. } = &self.settings;
        let mut notary = Notary::take_up(&mut connection, key.clone(), former).await?;
        metrics::leads(true);
        metrics::stuck(false);
        tracing::info!(position = notary.position(), key = key.public().as_str(), "signs the log");
        let mut mark = Mark::new(self.pool.clone());
        while !self.stop.is_cancelled() {
            self.wake.mark_unchanged();
            let up_to = mark.advance().await?;
            let mut signed = false;
            while up_to > notary.position() && !self.stop.is_cancelled() {
                let now = (self.clock)();
                let Some(checkpoint) = notary.extend(&mut connection, up_to, BATCH, now).await? else {
                    break;
                };
                metrics::signed(&checkpoint);
                signed = true;
            }
            self.backoff.reset();
            match signed {
                true => self.rest(&mut connection).await?,
                false => self.wait(&mut connection).await?,
            }
        }
        Ok(())
    }

    /// Until the next checkpoint may be signed.
    async fn rest(&self, connection: &mut PgConnection) -> Result<(), ProofError> {
        let until = Instant::now() + self.settings.every;
        while Instant::now() < until && !self.stop.is_cancelled() {
            LEAD.still(connection).await?;
            let _ = timeout(POLL.min(until - Instant::now()), self.stop.cancelled()).await;
        }
        Ok(())
    }

    /// Until something is announced, or a while.
    async fn wait(&mut self, connection: &mut PgConnection) -> Result<(), ProofError> {
        LEAD.still(connection).await?;
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(POLL) => {}
            // A sender that is gone announces nothing any more.
            Ok(()) = self.wake.changed() => {}
        }
        Ok(())
    }
}
