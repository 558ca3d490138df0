//! Polling sources: takes what is due, fetches it, and hands it to the commands to import.
//!
//! A poll that was taken is held for a while and comes back by itself when its worker dies, so any number of
//! processes may poll. Start with `run`; `queue.rs` says which poll may begin, `poll.rs` carries one out.

mod poll;
mod queue;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use stage_commands::{CommandError, Commands};
use stage_connectors::{Connectors, FetchError, Fetched};
use stage_domain::source::{Cursor, Network};
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{Clock, backoff::Backoff};
use poll::Poll;
use queue::Queue;

/// How sources are polled.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many fetches run at once; of one host only one at a time.
    pub at_once: usize,
    /// How many polls are taken ahead of what runs, so that a slow host does not keep the others waiting.
    pub ahead: usize,
    /// How long a taken poll is held; then another worker may take it. Longer than a fetch and an import take.
    pub hold: Duration,
    /// The longest that a fetch may take, whatever the connector does.
    pub timeout: Duration,
    /// How soon a poll that was asked for now begins.
    pub look_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            at_once: 16,
            ahead: 48,
            hold: Duration::from_secs(90),
            timeout: Duration::from_secs(45),
            look_every: Duration::from_secs(1),
        }
    }
}

/// What the loop needs of connectors.
#[async_trait]
pub trait Fetch: Send + Sync {
    async fn fetch(&self, network: Network, address: &str, cursor: &Cursor) -> Result<Fetched, FetchError>;
}

#[async_trait]
impl Fetch for Connectors {
    async fn fetch(&self, network: Network, address: &str, cursor: &Cursor) -> Result<Fetched, FetchError> {
        self.of(network).fetch(address, cursor).await
    }
}

/// Runs until `stop`. Polls that have not begun by then are let go of; those under way come back when they are not held
/// any more.
pub async fn run(
    commands: Commands,
    connectors: Arc<dyn Fetch>,
    settings: Settings,
    clock: Clock,
    stop: CancellationToken,
) {
    poll::show();
    let queue = Queue::new(settings.at_once);
    let mut polling = Polling {
        commands,
        connectors,
        settings,
        clock,
        queue,
        running: JoinSet::new(),
        polls: HashMap::new(),
    };
    stop.run_until_cancelled(polling.forever()).await;
    if let Err(error) = polling.let_go(Duration::ZERO).await {
        tracing::warn!(%error, "polls that have not begun stay held for a while");
    }
}

struct Polling {
    commands: Commands,
    connectors: Arc<dyn Fetch>,
    settings: Settings,
    clock: Clock,
    queue: Queue,
    running: JoinSet<()>,
    polls: HashMap<Id, Poll>,
}

impl Polling {
    async fn forever(&mut self) {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        loop {
            let wait = match self.take().await {
                Ok(wait) => {
                    backoff.reset();
                    wait
                }
                Err(error) => {
                    tracing::warn!(%error, "due polls cannot be taken");
                    backoff.next()
                }
            };
            self.begin();
            tokio::select! {
                () = sleep(wait) => {}
                Some(done) = self.running.join_next_with_id() => self.done(done).await,
            }
        }
    }

    /// Takes due polls, and says how long to wait for the next.
    async fn take(&mut self) -> Result<Duration, CommandError> {
        // What waited long is not ours for much longer. It comes back, to us or to somebody else.
        self.let_go(self.settings.hold / 3).await?;
        let room = (self.settings.at_once + self.settings.ahead).saturating_sub(self.queue.len());
        if room == 0 {
            return Ok(self.settings.look_every);
        }
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let due = self.commands.take_due_polls((self.clock)(), limit, self.settings.hold).await?;
        for poll in due {
            self.queue.add(Poll::new(poll), Instant::now());
        }
        self.commands.next_poll_in((self.clock)(), self.settings.look_every).await
    }

    /// Leaves polls that wait since `age` or longer to others.
    async fn let_go(&mut self, age: Duration) -> Result<(), CommandError> {
        let dropped = self.queue.drop_taken_before(Instant::now(), age);
        if !dropped.is_empty() {
            self.commands.release(&dropped).await?;
        }
        Ok(())
    }

    fn begin(&mut self) {
        while let Some(poll) = self.queue.next() {
            let carrying = poll.clone().carry_out(
                self.commands.clone(),
                self.connectors.clone(),
                self.clock.clone(),
                self.settings.timeout,
            );
            let id = self.running.spawn(carrying).id();
            self.polls.insert(id, poll);
        }
        #[allow(clippy::cast_precision_loss)]
        metrics::gauge!("stage_polls_running").set(self.running.len() as f64);
    }

    async fn done(&mut self, done: Result<(Id, ()), JoinError>) {
        let id = match &done {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let Some(poll) = self.polls.remove(&id) else { return };
        self.queue.done(&poll);
        // The panic's own message may hold what was fetched; it is not repeated.
        if done.is_err_and(|error| error.is_panic()) {
            poll.panicked(&self.commands, (self.clock)()).await;
        }
    }
}
