//! Hearing which stages changed.
//!
//! One task asks the read models for the heads that moved, again and again while somebody reads. What it heard is a
//! number that rises: the question that first heard of a change. A page remembers the last question that was answered
//! before it was rendered; it is right as long as no later one heard of its stage. No message has to arrive for that,
//! and a page that was rendered from an older state never passes for a new one. Where the read models don't answer,
//! nothing is served from memory.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use stage_domain::StageId;
use stage_projections::{
    Reads,
    heads::{Heads, Moved, Stages},
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use crate::{
    live::Live,
    problem::{Kind, Problem},
};

/// From one question to the next.
const ASK_EVERY: Duration = Duration::from_millis(15);
/// A question that was asked longer ago says nothing about now: with the time that an answer takes, what was committed
/// 50 ms ago is served by nobody.
const STALE: Duration = Duration::from_millis(40);
/// How long to go on asking when nobody reads.
const QUIET: Duration = Duration::from_secs(1);
/// For one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Stages that are remembered by themselves.
const MOST_MARKS: usize = 100_000;

/// The number of the question that last heard of something.
pub(crate) type Mark = Arc<AtomicU64>;

pub(crate) struct Watch {
    begun: Instant,
    /// Questions answered.
    answered: AtomicU64,
    /// When the last of them was asked, in nanoseconds since `begun`; 0 before the first.
    asked: AtomicU64,
    /// Of everything at once, and of anything at all.
    all: AtomicU64,
    any: Mark,
    marks: Mutex<HashMap<StageId, Mark>>,
    /// When somebody last read.
    wanted: AtomicU64,
    last: watch::Sender<Last>,
    live: Arc<Live>,
}

/// How the last question ended.
#[derive(Clone, Copy)]
struct Last {
    asked: u64,
    answered: bool,
}

impl Watch {
    /// Starts the task that asks; it ends with the last owner.
    pub(crate) fn start(reads: Reads, live: Arc<Live>) -> Arc<Self> {
        let watch = Arc::new(Self {
            begun: now(),
            answered: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            all: AtomicU64::new(0),
            any: Mark::default(),
            marks: Mutex::default(),
            wanted: AtomicU64::new(0),
            last: watch::channel(Last { asked: 0, answered: true }).0,
            live,
        });
        tokio::spawn(run(Arc::downgrade(&watch), watch.live.wake.clone(), reads));
        watch
    }

    /// The last question that was answered. Take it before reading what a page is made of.
    pub(crate) fn heard(&self) -> u64 {
        self.answered.load(SeqCst)
    }

    /// The mark of a stage, or of anything at all.
    pub(crate) fn mark(&self, stage: Option<StageId>) -> Mark {
        match stage {
            Some(stage) => self.marks().entry(stage).or_default().clone(),
            None => self.any.clone(),
        }
    }

    /// Whether nothing was heard of `mark` since.
    pub(crate) fn is_right(&self, mark: &Mark, since: u64) -> bool {
        mark.load(SeqCst) <= since && self.all.load(SeqCst) <= since
    }

    /// Whether what was heard is about now.
    pub(crate) fn is_awake(&self) -> bool {
        let now = self.want();
        let asked = self.asked.load(SeqCst);
        asked > 0 && now.saturating_sub(asked) < nanos(STALE)
    }

    /// Waits until what was heard is about now.
    pub(crate) async fn awake(&self) -> Result<(), Problem> {
        if self.is_awake() {
            return Ok(());
        }
        let since = self.since_begun().saturating_sub(nanos(STALE)).max(1);
        let mut last = self.last.subscribe();
        self.live.wake.notify_one();
        // The task ends with this, so there is always an answer.
        let end = last.wait_for(|last| last.asked >= since).await.map(|last| last.answered);
        if end.unwrap_or(false) { Ok(()) } else { Err(Problem::new(Kind::Unavailable)) }
    }

    fn want(&self) -> u64 {
        let now = self.since_begun();
        self.wanted.store(now, SeqCst);
        now
    }

    fn since_begun(&self) -> u64 {
        nanos(self.begun.elapsed()).max(1)
    }

    /// Whoever waits counts for as long as they do: a question that fails may take longer than a reader is remembered.
    fn is_wanted(&self) -> bool {
        let wanted = self.wanted.load(SeqCst);
        let read = wanted > 0 && self.since_begun().saturating_sub(wanted) < nanos(QUIET);
        read || self.last.receiver_count() > 0 || self.live.is_followed()
    }

    fn answer(&self, asked: u64, stages: &Stages) {
        let number = self.heard() + 1;
        match stages {
            Stages::All => {
                self.all.store(number, SeqCst);
                self.any.store(number, SeqCst);
            }
            Stages::These(stages) => {
                let mut marks = self.marks();
                for stage in stages {
                    marks.entry(*stage).or_default().store(number, SeqCst);
                    self.any.store(number, SeqCst);
                }
                if marks.len() > MOST_MARKS {
                    // Whoever holds none of them begins anew.
                    self.all.store(number, SeqCst);
                    marks.retain(|_, mark| Arc::strong_count(mark) > 1);
                }
            }
        }
        self.live.moved(stages);
        self.answered.store(number, SeqCst);
        self.asked.store(asked, SeqCst);
        self.last.send_replace(Last { asked, answered: true });
    }

    fn marks(&self) -> MutexGuard<'_, HashMap<StageId, Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.wake.notify_one();
    }
}

async fn run(watch: Weak<Watch>, wake: Arc<Notify>, reads: Reads) {
    let mut heads = None;
    let mut failing = false;
    loop {
        let Some(watched) = watch.upgrade() else { return };
        if !watched.is_wanted() {
            drop(watched);
            wake.notified().await;
            continue;
        }
        let asked = watched.since_begun();
        match timeout(PATIENCE, ask(&reads, heads.as_ref())).await {
            Ok(Ok(moved)) => {
                heads = Some(moved.heads);
                failing = false;
                watched.answer(asked, &moved.stages);
            }
            _ => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!("the read models don't say what changed; nothing is served from memory");
                }
                watched.last.send_replace(Last { asked, answered: false });
            }
        }
        drop(watched);
        sleep(ASK_EVERY).await;
    }
}

async fn ask(reads: &Reads, heads: Option<&Heads>) -> Result<Moved, stage_projections::ProjectionError> {
    match heads {
        Some(heads) => reads.moved(heads).await,
        None => Ok(Moved { heads: reads.heads().await?, stages: Stages::All }),
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// For measuring how much time went by, not for telling the time.
pub(crate) fn now() -> Instant {
    Instant::now()
}
