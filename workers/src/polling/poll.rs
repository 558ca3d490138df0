//! One poll: fetch, and tell the commands what came of it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use stage_commands::{
    CommandError, Commands,
    sources::{DuePoll, Fetched as Brought},
};
use stage_connectors::{Document, FetchError, Fetched};
use stage_domain::source::{Failure, FailureKind};
use tokio::time::{sleep, timeout};
use url::Url;

use super::Fetch;
use crate::{Clock, backoff::Backoff};

/// How often the outcome is written down anew while the database is not available.
const TRIES: u32 = 4;

// How a poll ended, for the metrics.
const NOT_MODIFIED: &str = "not_modified";
const IMPORTED: &str = "imported";
const FAILED: &str = "failed";
const NOT_STORED: &str = "not_stored";

#[derive(Clone, Debug)]
pub(super) struct Poll {
    pub due: DuePoll,
    pub host: String,
}

/// What came of a fetch.
#[derive(Clone)]
enum Outcome {
    NotModified,
    Brought(Brought),
    Failed(FetchError),
}

impl Poll {
    pub(super) fn new(due: DuePoll) -> Self {
        let url = Url::parse(&due.address).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        Self { due, host }
    }

    pub(super) async fn carry_out(
        self,
        commands: Commands,
        connectors: Arc<dyn Fetch>,
        clock: Clock,
        longest: Duration,
    ) {
        let DuePoll { network, address, cursor, .. } = &self.due;
        let outcome = match timeout(longest, connectors.fetch(*network, address, cursor)).await {
            Ok(Ok(Fetched::NotModified)) => Outcome::NotModified,
            Ok(Ok(Fetched::Document(document))) => Outcome::Brought(brought(document)),
            Ok(Err(error)) => Outcome::Failed(error),
            Err(_) => Outcome::Failed(failed(FailureKind::TimedOut, "the server took too long")),
        };
        self.write_down(&commands, outcome, &clock).await;
    }

    /// The connector broke on what it fetched. The source waits as after any failure, so that it cannot break
    /// the worker again and again.
    pub(super) async fn panicked(&self, commands: &Commands, now: DateTime<Utc>) {
        tracing::error!(source = %self.due.source, "polling a source panicked");
        let error = failed(FailureKind::NotAFeed, "the document could not be read");
        if let Err(error) = self.tell(commands, Outcome::Failed(error), now).await {
            self.report(&error);
        }
    }

    async fn write_down(&self, commands: &Commands, outcome: Outcome, clock: &Clock) {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
        let mut result = Ok(());
        for try_ in 0..TRIES {
            if try_ > 0 {
                sleep(backoff.next()).await;
            }
            result = self.tell(commands, outcome.clone(), clock()).await;
            if !matches!(result, Err(CommandError::Store(_) | CommandError::Busy)) {
                break;
            }
        }
        if let Err(error) = result {
            self.report(&error);
        }
    }

    async fn tell(
        &self,
        commands: &Commands,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<(), CommandError> {
        let source = self.due.source;
        let label = match outcome {
            Outcome::NotModified => {
                commands.not_modified(source, now).await?;
                NOT_MODIFIED
            }
            Outcome::Brought(document) => {
                let imported = commands.import(source, document, now).await?;
                metrics::counter!("stage_posts_imported_total").increment(imported.imported.into());
                metrics::counter!("stage_posts_revised_total").increment(imported.revised.into());
                IMPORTED
            }
            Outcome::Failed(FetchError { failure, retry_after }) => {
                commands.poll_failed(source, failure, retry_after, now).await?;
                FAILED
            }
        };
        polls_total(label).increment(1);
        Ok(())
    }

    fn report(&self, error: &CommandError) {
        // Unlinked or closed meanwhile: nobody waits for this poll any more.
        if matches!(error, CommandError::NotFound(_)) {
            return;
        }
        polls_total(NOT_STORED).increment(1);
        tracing::error!(source = %self.due.source, %error, "a poll cannot be stored; it comes back by itself");
    }
}

/// From zero on, so that the first poll of each outcome is seen as one more.
pub(super) fn show() {
    [NOT_MODIFIED, IMPORTED, FAILED, NOT_STORED]
        .into_iter()
        .for_each(|outcome| polls_total(outcome).increment(0));
}

fn polls_total(outcome: &'static str) -> metrics::Counter {
    metrics::counter!("stage_polls_total", "outcome" => outcome)
}

fn brought(document: Document) -> Brought {
    let posts = document.posts.into_iter().map(|post| (post.network_id, post.content)).collect();
    Brought { title: document.title, cursor: document.cursor, wait: document.wait, posts }
}

fn failed(kind: FailureKind, detail: &str) -> FetchError {
    FetchError { failure: Failure { kind, detail: detail.to_owned() }, retry_after: None }
}
