//! A whole pipeline of one test's own: a database, a folder, a stream; and the views that it should count.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, jetstream};
use chrono::Utc;
use stage_domain::{PostId, StageId};
use stage_projections::views::{Counts, Viewed, Viewer};
use stage_testkit::TestDatabase;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::views::{Journal, Settings, Step, Steps, count::Counter, publish::Publisher, stream::ViewStream};

/// How long anything may take before a test gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct House {
    pub database: TestDatabase,
    pub dir: TempDir,
    pub settings: Settings,
    pub nats: Client,
    /// What was viewed, and must be counted.
    pub viewed: BTreeMap<Viewed, Counts>,
}

impl House {
    pub(super) async fn new() -> Self {
        Self::on(&stage_testkit::nats_url()).await
    }

    pub(super) async fn on(nats_url: &str) -> Self {
        Self {
            database: stage_testkit::database().await,
            dir: tempfile::tempdir().unwrap(),
            nats: async_nats::connect(nats_url).await.unwrap(),
            settings: settings(stage_testkit::unique("views")),
            viewed: BTreeMap::new(),
        }
    }

    /// What a process has: a journal in this folder.
    pub(super) fn journal(&self) -> Arc<Journal> {
        journal(self.dir.path(), &self.settings)
    }

    /// `count` views of some posts and stages by people and bots, in calls of different sizes.
    pub(super) fn view(&mut self, journal: &Journal, count: u64) {
        let calls = calls(count);
        for (seen, by) in &calls {
            journal.viewed(seen, *by).unwrap();
        }
        self.expects(&calls);
    }

    /// The views of these calls must be counted too.
    pub(super) fn expects(&mut self, calls: &[(Vec<Viewed>, Viewer)]) {
        for (seen, by) in calls {
            seen.iter().for_each(|viewed| self.viewed.entry(*viewed).or_default().add(*by));
        }
    }

    pub(super) fn publish(&self, journal: &Arc<Journal>) -> Process {
        self.publish_until(journal, self.settings.steps.clone())
    }

    pub(super) fn publish_until(&self, journal: &Arc<Journal>, steps: Steps) -> Process {
        let settings = Settings { steps, ..self.settings.clone() };
        let (pool, nats) = (self.database.pool.clone(), self.nats.clone());
        let publisher = Publisher::new(journal.clone(), pool, nats, settings);
        Process(tokio::spawn(publisher.run(CancellationToken::new())))
    }

    pub(super) fn count(&self) -> Process {
        self.count_until(self.settings.steps.clone())
    }

    pub(super) fn count_until(&self, steps: Steps) -> Process {
        let settings = Settings { steps, ..self.settings.clone() };
        let counter = Counter::new(self.database.pool.clone(), self.nats.clone(), settings);
        Process(tokio::spawn(counter.run(CancellationToken::new())))
    }

    pub(super) async fn totals(&self) -> BTreeMap<Viewed, Counts> {
        let rows: Vec<(String, Uuid, i64, i64)> =
            sqlx::query_as("SELECT kind, id, count, bots FROM read_views.view_totals")
                .fetch_all(&self.database.pool)
                .await
                .unwrap();
        let viewed = |kind: &str, id| match kind {
            "post" => Viewed::Post(PostId(id)),
            _ => Viewed::Stage(StageId(id)),
        };
        let counts =
            |views: i64, bots: i64| Counts { views: views.unsigned_abs(), bots: bots.unsigned_abs() };
        rows.into_iter().map(|(kind, id, views, bots)| (viewed(&kind, id), counts(views, bots))).collect()
    }

    pub(super) async fn total(&self) -> u64 {
        self.totals().await.into_values().map(Counts::all).sum()
    }

    /// How many messages the stream holds; `None` when there is no stream.
    pub(super) async fn messages(&self) -> Option<u64> {
        let stream = jetstream::new(self.nats.clone()).get_stream(&self.settings.stream).await.ok()?;
        Some(stream.cached_info().state.messages)
    }

    pub(super) fn stream(&self) -> ViewStream {
        ViewStream::new(self.nats.clone(), &self.settings)
    }

    pub(super) fn files(&self) -> usize {
        files(self.dir.path())
    }

    /// Lets new processes bring everything to its end, and compares. Every other process must be gone. Nothing can
    /// be counted any more after this, because no journal and no message is left.
    pub(super) async fn ends_with_each_view_counted_once(&self) {
        let journal = self.journal();
        let (_publisher, _counter) = (self.publish(&journal), self.count());
        eventually("the journals and the stream are empty", async || {
            self.files() == 0 && self.messages().await == Some(0)
        })
        .await;
        assert_eq!(self.totals().await, self.viewed);
        let days: (i64, i64) =
            sqlx::query_as("SELECT coalesce(sum(count), 0)::bigint, coalesce(sum(bots), 0)::bigint FROM read_views.view_days")
                .fetch_one(&self.database.pool)
                .await
                .unwrap();
        let (mut views, mut bots) = (0, 0);
        self.viewed.values().for_each(|counts| (views, bots) = (views + counts.views, bots + counts.bots));
        assert_eq!((days.0.unsigned_abs(), days.1.unsigned_abs()), (views, bots));
    }
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir).unwrap().count()
}

/// A loop that dies when it is dropped, at whatever it is waiting for.
pub(super) struct Process(JoinHandle<()>);

impl Process {
    pub(super) async fn kill(mut self) {
        self.0.abort();
        let _ = (&mut self.0).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Ends the task that reaches this step for the `nth` time, at once and without a word.
pub(super) fn end_at(step: Step, nth: usize) -> Steps {
    let reached = AtomicUsize::new(0);
    Steps(Some(Arc::new(move |now| {
        if now == step && reached.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            std::panic::resume_unwind(Box::new(step));
        }
    })))
}

/// Quick and small, so that little takes many messages and batches.
pub(super) fn settings(stream: String) -> Settings {
    Settings {
        subject: format!("test.{stream}"),
        stream,
        stream_bytes: 64 << 20,
        gather: Duration::from_millis(1),
        settle_every: Duration::from_millis(100),
        message_records: 7,
        batch_messages: 5,
        batch_wait: Duration::from_millis(5),
        heartbeat: Duration::from_millis(300),
        timeout: Duration::from_secs(2),
        ..Settings::default()
    }
}

pub(super) fn journal(dir: &Path, settings: &Settings) -> Arc<Journal> {
    let (clock, new_id) = (Arc::new(Utc::now), Arc::new(Uuid::new_v4));
    Arc::new(Journal::open(dir, settings, clock, new_id).unwrap())
}

/// So many views of some posts and stages, in calls of different sizes, every third by a bot.
pub(super) fn calls(views: u64) -> Vec<(Vec<Viewed>, Viewer)> {
    let viewed = |n| match n % 3 {
        0 => Viewed::Stage(StageId(Uuid::from_u128(1))),
        _ => Viewed::Post(PostId(Uuid::from_u128(u128::from(n % 5)))),
    };
    let mut rest: Vec<Viewed> = (0..views).map(viewed).collect();
    let mut calls = vec![];
    while !rest.is_empty() {
        let size = (calls.len() % 7 + 1).min(rest.len());
        let by = if calls.len() % 3 == 2 { Viewer::Bot } else { Viewer::Person };
        calls.push((rest.drain(..size).collect(), by));
    }
    calls
}

pub(super) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < until, "never so: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
