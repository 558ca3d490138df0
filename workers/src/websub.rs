//! Telling a WebSub hub which feeds changed, once the change can be read. One process does, until it is told that the hub
//! took it; whatever changes meanwhile goes along the next time. So a burst of posts is one message, and what fails is
//! only late.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    time::Duration,
};

use metrics::Counter;
use sqlx::{PgConnection, PgPool};
use stage_connectors::outward::{SendError, WebSubHub};
use stage_projections::{
    ProjectionError,
    engine::cause,
    outbox::{Heads, Hub, Unheard},
};
use stage_store::locks;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{backoff::Backoff, lead::Lead};

/// How patient the loop is. The defaults are for production; a test has less patience.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How often it looks for what changed, and with it the most that the hub is told.
    pub look_every: Duration,
    /// Servers may show the former page for 50 ms after a change, and must not show it to a hub that is quick.
    pub settle: Duration,
    /// The pauses after a hub that did not take it, where it says nothing of its own.
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            look_every: Duration::from_secs(1),
            settle: Duration::from_millis(100),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60 * 60),
        }
    }
}

/// Feeds in one message; a hub need not take a form of any length.
const AT_ONCE: usize = 60;
/// Messages that a hub refuses before it is left alone, where it took none: it is not about a feed.
const REFUSED: usize = 16;
/// The formats, by which a feed's address ends.
const FORMATS: [&str; 3] = ["json", "atom", "rss"];

/// What became of a message.
const TAKEN: &str = "taken";
const NOT_TAKEN: &str = "not_taken";

/// Runs until `stop`. Any number of processes may run it; one of them tells the hub.
pub async fn run(pool: PgPool, hub: WebSubHub, public_url: Url, settings: Settings, stop: CancellationToken) {
    let noted = Hub::new(hub.address().to_owned());
    let teller = Teller { hub, noted, public_url, settings };
    let forever = async {
        loop {
            let Err(error) = teller.lead(&pool).await;
            tracing::warn!(cause = cause(&error), "telling the WebSub hub is interrupted");
            sleep(settings.look_every).await;
        }
    };
    // What was told and not noted is told again.
    stop.run_until_cancelled(forever).await;
}

struct Teller {
    hub: WebSubHub,
    noted: Hub,
    public_url: Url,
    settings: Settings,
}

impl Teller {
    async fn lead(&self, pool: &PgPool) -> Result<Infallible, ProjectionError> {
        let lead = Lead {
            lock: (locks::DELIVERIES, "websub"),
            ask_every: Duration::from_secs(1),
            answer_within: Duration::from_secs(10),
            // Telling, during which the session is idle, takes less.
            silent: Duration::from_secs(60),
            silent_within: Duration::from_secs(30),
        };
        let mut connection = lead.elected(pool).await?;
        lead.within(self.noted.begin(&mut connection)).await?;
        // From zero on, so that the first message is seen as one more.
        [TAKEN, NOT_TAKEN].into_iter().for_each(|outcome| messages_total(outcome).increment(0));
        let mut backoff = Backoff::new(self.settings.first_pause, self.settings.longest_pause);
        let mut answered = HashMap::new();
        loop {
            let unheard = lead.within(self.noted.unheard(&mut connection)).await?;
            let pause = match self.tell(&lead, &mut connection, &unheard, &mut answered).await? {
                Ok(()) => {
                    backoff.reset();
                    self.settings.look_every
                }
                Err(refusal) => {
                    let pause = asked(refusal).unwrap_or_else(|| backoff.next());
                    let pause = pause.min(self.settings.longest_pause);
                    tracing::warn!(code = %refusal, ?pause, "the WebSub hub was not told; it is tried again");
                    pause
                }
            };
            let until = Instant::now() + pause;
            while Instant::now() < until {
                sleep(until.duration_since(Instant::now()).min(lead.silent / 4)).await;
                lead.still(&mut connection).await?;
            }
        }
    }

    /// Tells what is to be told, and notes it. What fails keeps back nothing else: `answered` are the feeds that need not be
    /// told again before the whole is noted, unless they change.
    async fn tell(
        &self,
        lead: &Lead<'_>,
        connection: &mut PgConnection,
        unheard: &Unheard,
        answered: &mut HashMap<String, Heads>,
    ) -> Result<Result<(), SendError>, ProjectionError> {
        if unheard.is_nothing() {
            return Ok(Ok(()));
        }
        if !unheard.handles.is_empty() {
            sleep(self.settings.settle).await;
        }
        let feeds: Vec<(String, Heads)> = unheard
            .handles
            .iter()
            .flat_map(|(handle, heads)| self.feeds(handle).map(|feed| (feed, *heads)))
            .filter(|(feed, heads)| answered.get(feed) != Some(heads))
            .collect();
        let mut messages: VecDeque<&[(String, Heads)]> = feeds.chunks(AT_ONCE).collect();
        let mut takes = false;
        let mut refusals = 0;
        let mut unwanted = 0;
        while let Some(message) = messages.pop_front() {
            let addresses: Vec<String> = message.iter().map(|(feed, _)| feed.clone()).collect();
            let told = self.hub.publish(&addresses).await;
            messages_total(if told.is_ok() { TAKEN } else { NOT_TAKEN }).increment(1);
            match told {
                Ok(()) => {
                    takes = true;
                    answered.extend(message.iter().cloned());
                }
                Err(later @ SendError::Later { .. }) => return Ok(Err(later)),
                Err(refusal) => {
                    refusals += 1;
                    if message.len() > 1 {
                        // One of them may be to blame; the halves tell which.
                        messages.extend(<[_; 2]>::from(message.split_at(message.len() / 2)));
                    } else {
                        unwanted += 1;
                    }
                    if !takes && (refusals == REFUSED || messages.is_empty()) {
                        return Ok(Err(refusal));
                    }
                }
            }
            lead.still(connection).await?;
        }
        if unwanted > 0 {
            // A hub that takes others means these feeds, and not us: to wait for it would be to wait for ever.
            tracing::warn!(
                feeds = unwanted,
                "the WebSub hub refuses these feeds and is told when they change again"
            );
        }
        lead.within(self.noted.heard(connection, unheard)).await?;
        answered.clear();
        Ok(Ok(()))
    }

    /// The addresses of a stage's feeds, as the feeds themselves name them.
    fn feeds(&self, handle: &str) -> impl Iterator<Item = String> {
        let base = self.public_url.as_str().trim_end_matches('/');
        FORMATS.map(|format| format!("{base}/v1/stages/{handle}/feed.{format}")).into_iter()
    }
}

fn messages_total(outcome: &'static str) -> Counter {
    metrics::counter!("stage_websub_messages_total", "outcome" => outcome)
}

/// For how long the hub asks to be left alone.
fn asked(refusal: SendError) -> Option<Duration> {
    match refusal {
        SendError::Later { wait, .. } => wait,
        SendError::Settings { .. } | SendError::Refused { .. } => None,
    }
}
