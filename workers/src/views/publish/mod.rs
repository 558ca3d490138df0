//! Sends journals to the stream, in order, one message at a time, and deletes them once they are counted.
//!
//! Nothing that is remembered here matters: after a crash a left journal goes on where PostgreSQL says that its
//! count ends. Whatever was on its way then is sent again, and the counter tells.

mod shipment;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::Client;
use sqlx::PgPool;
use stage_projections::views;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Journal, Settings, Step, ViewsError,
    message::Message,
    record,
    segment::Segment,
    stream::{Holding, ViewStream},
};
use crate::backoff::Backoff;
use shipment::{Receipt, Shipment};

/// Runs until `stop`, then sends what is left if NATS is there. What stays in the journals is sent by the next
/// process that uses their folder.
pub async fn run(
    journal: Arc<Journal>,
    pool: PgPool,
    nats: Client,
    settings: Settings,
    stop: CancellationToken,
) {
    let every = settings.sync_every;
    let syncing = keep_synced(journal.clone(), every, stop.clone());
    let publisher = Publisher::new(journal, pool, nats, settings);
    tokio::join!(syncing, publisher.run(stop));
}

/// Writes the journals through to the disk, whether NATS is there or not.
async fn keep_synced(journal: Arc<Journal>, every: Duration, stop: CancellationToken) {
    loop {
        let stopped = timeout(every, stop.cancelled()).await.is_ok();
        let journal = journal.clone();
        match spawn_blocking(move || journal.sync()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a journal of views cannot be written to the disk"),
            Err(error) => tracing::error!(%error, "writing a journal of views to the disk failed"),
        }
        if stopped {
            return;
        }
    }
}

pub(super) struct Publisher {
    journal: Arc<Journal>,
    pool: PgPool,
    stream: ViewStream,
    settings: Settings,
    shipments: BTreeMap<Uuid, Shipment>,
    /// When the stream was made, as far as is known.
    made: String,
    settle_at: Instant,
}

impl Publisher {
    pub(super) fn new(journal: Arc<Journal>, pool: PgPool, nats: Client, settings: Settings) -> Self {
        Self {
            journal,
            pool,
            stream: ViewStream::new(nats, &settings),
            settings,
            shipments: BTreeMap::new(),
            made: String::new(),
            settle_at: Instant::now(),
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            let turn = tokio::select! {
                turn = self.turn() => turn,
                () = stop.cancelled() => break,
            };
            let journal = self.journal.clone();
            let next = async {
                match turn {
                    Ok(()) => {
                        backoff.reset();
                        tokio::select! {
                            () = journal.written() => sleep(self.settings.gather).await,
                            () = sleep_until(self.settle_at) => {}
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "views wait in their journals");
                        sleep(backoff.next()).await;
                    }
                }
            };
            tokio::select! {
                () = next => {}
                () = stop.cancelled() => break,
            }
        }
        // A failure here is none: what is not sent now is sent after the next start.
        let _ = timeout(self.settings.timeout, self.turn()).await;
    }

    async fn turn(&mut self) -> Result<(), ViewsError> {
        let sent = self.settle_and_ship().await;
        let waiting: u64 = self.journal.segments().iter().map(|segment| self.waiting(segment)).sum();
        #[allow(clippy::cast_precision_loss)]
        metrics::gauge!("stage_views_waiting").set(waiting as f64);
        sent
    }

    async fn settle_and_ship(&mut self) -> Result<(), ViewsError> {
        if Instant::now() >= self.settle_at {
            self.settle().await?;
            self.settle_at = Instant::now() + self.settings.settle_every;
        }
        for segment in self.journal.segments() {
            if !segment.adopted {
                self.shipments.entry(segment.id).or_default();
            }
            while self.shipments.contains_key(&segment.id) && self.waiting(&segment) > 0 {
                match self.ship(&segment).await {
                    Err(ViewsError::Journal(error)) => {
                        tracing::error!(journal = %segment.id, %error, "a journal of views cannot be read");
                        break;
                    }
                    shipped => shipped?,
                }
            }
        }
        Ok(())
    }

    fn waiting(&self, segment: &Segment) -> u64 {
        segment.records().saturating_sub(self.shipments.get(&segment.id).map_or(0, |shipment| shipment.sent))
    }

    /// Sends the next message of a journal, and waits until JetStream has stored it.
    async fn ship(&mut self, segment: &Arc<Segment>) -> Result<(), ViewsError> {
        let after = self.shipments.entry(segment.id).or_default().sent;
        let (reading, limit) = (segment.clone(), self.settings.message_records);
        let records =
            spawn_blocking(move || reading.read(after, limit)).await.map_err(std::io::Error::other)??;
        self.reached(Step::Read);
        let message = Message { journal: segment.id, day: segment.day, after, records: &records };
        let up_to = message.up_to();
        let stored = self.stream.send(message.encode()).await?;
        self.reached(Step::Sent);
        let stored = stored.await.map_err(ViewsError::stream);
        if stored.is_err() {
            // The stream may be missing; settling makes it again.
            self.settle_at = Instant::now();
        }
        let sequence = stored?.sequence;
        self.reached(Step::Stored);
        let receipt = Receipt { made: self.made.clone(), sequence };
        self.shipments.entry(segment.id).or_default().was_sent(up_to, receipt);
        metrics::counter!("stage_views_published_total").increment((records.len() / record::SIZE) as u64);
        Ok(())
    }

    /// Compares what was sent with what is counted: goes back to what got lost on the way, goes on with the
    /// journals of processes that are gone, and deletes what is counted.
    async fn settle(&mut self) -> Result<(), ViewsError> {
        let journal = self.journal.clone();
        spawn_blocking(move || journal.adopt()).await.map_err(std::io::Error::other)??;
        self.reached(Step::Adopted);
        // First the stream, then the database: what has left the stream by now is counted by then, or lost.
        let (_, holding) = self.stream.open().await?;
        self.made.clone_from(&holding.made);
        // Without the database nothing is counted, but what is new can still be sent.
        match timeout(self.settings.timeout, self.compare(&holding)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "what is counted cannot be asked"),
            Err(_) => tracing::warn!("asking what is counted took too long"),
        }
        Ok(())
    }

    async fn compare(&mut self, holding: &Holding) -> Result<(), ViewsError> {
        let segments = self.journal.segments();
        let asked: Vec<Uuid> = segments
            .iter()
            .filter(|segment| match self.shipments.get(&segment.id) {
                Some(shipment) => shipment.may_be_counted_or_lost(holding),
                None => segment.adopted,
            })
            .map(|segment| segment.id)
            .collect();
        if !asked.is_empty() {
            let counted = views::counted(&self.pool, &asked).await?;
            for id in asked {
                let lost = self
                    .shipments
                    .entry(id)
                    .or_default()
                    .is_counted(counted.get(&id).copied().unwrap_or_default());
                if lost > 0 {
                    tracing::warn!(journal = %id, views = lost, "views got lost on the way and are sent again");
                    metrics::counter!("stage_views_sent_again_total").increment(lost);
                }
            }
        }
        let counted = |segment: &Segment| {
            let to = self.shipments.get(&segment.id).map(|shipment| shipment.counted);
            segment.is_closed() && to.is_some_and(|to| to >= segment.records())
        };
        let finished: Vec<_> = segments.into_iter().filter(|segment| counted(segment)).collect();
        if finished.is_empty() {
            return Ok(());
        }
        self.reached(Step::Compared);
        // The file goes first: while there is a file its row must not be swept.
        for segment in &finished {
            self.journal.delete(segment)?;
            self.shipments.remove(&segment.id);
        }
        self.reached(Step::Deleted);
        let ids: Vec<Uuid> = finished.iter().map(|segment| segment.id).collect();
        views::finish(&self.pool, &ids).await?;
        self.reached(Step::Finished);
        Ok(())
    }

    fn reached(&self, step: Step) {
        self.settings.steps.reached(step);
    }
}
