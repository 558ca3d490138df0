use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use stage_connectors::outward::SendError;
use stage_projections::{
    ProjectionError,
    engine::cause,
    outbox::{self, Delivery, KeptBack, Next, RESTRICTED},
};
use stage_store::Log;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    leader::Leader,
    metrics::Metrics,
    recipient::{Learns, Outcome, Parcel, Recipient},
};
use crate::{Clock, backoff::Backoff};

/// How deliveries are made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// After how many tries a delivery is dead. With pauses of 1, 2, 4, … seconds and at most an hour these are about six
    /// hours.
    pub tries: i32,
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// The longest that one try may take.
    pub within: Duration,
    /// How often the outbox is looked at.
    pub look_every: Duration,
    /// How often the system itself is looked at, and the gauges are set.
    pub watch_every: Duration,
    /// After the database failed.
    pub rest: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tries: 16,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(3600),
            within: Duration::from_secs(45),
            look_every: Duration::from_millis(250),
            watch_every: Duration::from_secs(10),
            rest: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// How long to wait after this many tries in vain: twice as long each time, and never less than the other side asks
    /// for.
    fn pause(&self, tries: i32, asked: Option<Duration>) -> Duration {
        let doubled = 2_u32.saturating_pow(u32::try_from(tries - 1).unwrap_or(0));
        let pause = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        pause.max(asked.unwrap_or_default())
    }
}

/// Delivers to one recipient until `stop`: leads or waits to. Dropping the future is as safe as a crash.
pub async fn deliver(
    log: Log,
    recipient: Arc<dyn Recipient>,
    settings: Settings,
    clock: Clock,
    stop: CancellationToken,
) {
    let metrics = Metrics { recipient: recipient.name() };
    metrics.leads(false);
    let mut backoff = Backoff::new(settings.rest, settings.rest * 16);
    let mut courier = Courier { log, recipient, settings, clock, stop, metrics, watched: None };
    while !courier.stop.is_cancelled() {
        let led = courier.lead().await;
        courier.metrics.leads(false);
        match led {
            Ok(()) => backoff.reset(),
            Err(error) => {
                let (recipient, cause) = (courier.recipient.name(), cause(&error));
                tracing::warn!(recipient, cause, "delivering was interrupted; it will be tried again");
                let _ = timeout(backoff.next(), courier.stop.cancelled()).await;
            }
        }
    }
}

struct Courier {
    log: Log,
    recipient: Arc<dyn Recipient>,
    settings: Settings,
    clock: Clock,
    stop: CancellationToken,
    metrics: Metrics,
    /// When the system itself was last looked at.
    watched: Option<Instant>,
}

impl Courier {
    /// One term as the leader.
    async fn lead(&mut self) -> Result<(), ProjectionError> {
        let recipient = Arc::clone(&self.recipient);
        let Some(mut leader) = Leader::elected(&self.log, recipient.name(), &self.stop).await? else {
            return Ok(());
        };
        self.metrics.leads(true);
        // Whoever led before may have died between withholding something and looking again.
        leader.with(async |c| outbox::look_again(c, recipient.name(), KeptBack::All).await).await?;
        tracing::info!(recipient = recipient.name(), "delivers");
        while !self.stop.is_cancelled() {
            self.watch(&mut leader).await?;
            let now = (self.clock)();
            let next = leader.with(async |c| outbox::next(c, recipient.name(), now).await).await?;
            let pause = match next {
                Next::Now(delivery) => {
                    let span = tracing::info_span!(
                        target: "stage_trace", "deliver", recipient = recipient.name(), tries = delivery.tries
                    );
                    self.handle(&mut leader, &delivery).instrument(span).await?
                }
                Next::Later(due) => (due - now).to_std().unwrap_or_default().min(self.settings.look_every),
                Next::Nothing => self.settings.look_every,
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
        leader.resign().await
    }

    /// Looks now and then at what is wrong with the system, and at how much waits.
    async fn watch(&mut self, leader: &mut Leader<'_>) -> Result<(), ProjectionError> {
        if self.watched.is_some_and(|at| at.elapsed() < self.settings.watch_every) {
            return Ok(());
        }
        let (name, now) = (self.recipient.name(), (self.clock)());
        if self.recipient.hears_alerts() {
            leader.with(async |c| outbox::alert(c, name, now).await).await?;
        }
        let (waiting, dead) = leader.with(async |c| outbox::load_of(c, name).await).await?;
        self.metrics.at(waiting, dead);
        self.watched = Some(Instant::now());
        Ok(())
    }

    /// One delivery: prepared, noted, sent, noted. Returns how long to wait before the next.
    async fn handle(
        &self,
        leader: &mut Leader<'_>,
        delivery: &Delivery,
    ) -> Result<Duration, ProjectionError> {
        let name = self.recipient.name();
        let (send, discloses, forgotten) = match self.recipient.prepare(delivery, &self.log).await? {
            Parcel::Ready(send) => (send, delivery.subject, None),
            Parcel::Withheld(reason) => return self.withhold(leader, delivery, reason).await,
            Parcel::ForWhoKnows { subject, learns, send } => {
                if !leader.with(async |c| outbox::is_disclosed(c, name, subject.0).await).await? {
                    return self.withhold(leader, delivery, "never_told").await;
                }
                match learns {
                    Learns::WhatIsRight => (send, delivery.subject, None),
                    Learns::ThatItIsWrong => (send, None, None),
                    Learns::ToForget => (send, None, Some(subject.0)),
                }
            }
        };
        let now = (self.clock)();
        if !leader.with(async |c| outbox::begin(c, name, delivery, discloses, now).await).await? {
            return Ok(Duration::ZERO);
        }
        let timed_out = SendError::Later { code: "timed_out", wait: None };
        let outcome = timeout(self.settings.within, send).await.unwrap_or(Err(timed_out));
        let now = (self.clock)();
        match self.verdict(outcome, delivery.tries + 1, now) {
            Verdict::Sent => {
                leader.with(async |c| outbox::sent(c, name, delivery, forgotten, now).await).await?;
                self.metrics.count("sent");
            }
            Verdict::Again { code, due } => {
                leader.with(async |c| outbox::try_again(c, delivery, code, due).await).await?;
                self.metrics.count("again");
                tracing::warn!(recipient = name, id = %delivery.id, code, %due, "a delivery is tried again later");
            }
            Verdict::Dead { code } => {
                leader.with(async |c| outbox::settle(c, delivery, "dead", Some(code), now).await).await?;
                self.metrics.count("dead");
                tracing::error!(
                    recipient = name, id = %delivery.id, code,
                    "a delivery is given up; see `stage outbox status`"
                );
            }
        }
        Ok(self.recipient.pace())
    }

    async fn withhold(
        &self,
        leader: &mut Leader<'_>,
        delivery: &Delivery,
        reason: &'static str,
    ) -> Result<Duration, ProjectionError> {
        let now = (self.clock)();
        leader.with(async |c| outbox::settle(c, delivery, "withheld", Some(reason), now).await).await?;
        // What was lifted meanwhile was released before there was anything to release.
        if reason == RESTRICTED && !self.is_restricted(delivery).await? {
            let name = self.recipient.name();
            leader.with(async |c| outbox::look_again(c, name, KeptBack::This(delivery.id)).await).await?;
        }
        self.metrics.count("withheld");
        Ok(Duration::ZERO)
    }

    async fn is_restricted(&self, delivery: &Delivery) -> Result<bool, ProjectionError> {
        let parcel = self.recipient.prepare(delivery, &self.log).await?;
        Ok(matches!(parcel, Parcel::Withheld(RESTRICTED)))
    }

    fn verdict(&self, outcome: Outcome, tries: i32, now: DateTime<Utc>) -> Verdict {
        let (code, wait) = match outcome {
            Ok(()) => return Verdict::Sent,
            Err(SendError::Refused { code }) => return Verdict::Dead { code },
            Err(SendError::Settings { code }) => (code, None),
            Err(SendError::Later { code, wait }) => (code, wait),
        };
        if tries >= self.settings.tries {
            return Verdict::Dead { code };
        }
        let pause = TimeDelta::from_std(self.settings.pause(tries, wait)).unwrap_or(TimeDelta::hours(1));
        Verdict::Again { code, due: now + pause }
    }
}

enum Verdict {
    Sent,
    Again { code: &'static str, due: DateTime<Utc> },
    Dead { code: &'static str },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_are_never_shorter_than_asked_for() {
        let settings = Settings::default();
        let seconds = |tries, asked| settings.pause(tries, asked).as_secs();
        assert_eq!([1, 2, 3, 12, 13, 16].map(|tries| seconds(tries, None)), [1, 2, 4, 2048, 3600, 3600]);
        assert_eq!(seconds(1, Some(Duration::from_secs(30))), 30);
        assert_eq!(seconds(9, Some(Duration::from_secs(30))), 256);
        let all: u64 = (1..settings.tries).map(|tries| seconds(tries, None)).sum();
        assert!((4 * 3600..7 * 3600).contains(&all), "{all}");
    }
}
