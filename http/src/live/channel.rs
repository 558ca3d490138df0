use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use stage_domain::StageId;
use stage_projections::{ProjectionError, feed::Known};
use tokio::{
    sync::{Notify, OnceCell, broadcast},
    time::sleep,
};

use super::{Live, Told, event};
use crate::problem::Problem;

/// Pieces that a slow reader may be behind before it reads for itself.
const BEHIND: usize = 16;
/// Changes that are read at once.
const AT_ONCE: u32 = 100;
/// Between two tries while the read model is away.
const REST: Duration = Duration::from_millis(200);

/// A followed stage.
#[derive(Default)]
pub(crate) struct Channel {
    /// Changed by whoever holds the map of channels.
    pub(super) readers: AtomicUsize,
    moved: Notify,
    ended: AtomicBool,
    begun: OnceCell<Begun>,
}

/// Once its end is known.
pub(super) struct Begun {
    /// Behind everything that was handed on.
    end: Mutex<Known>,
    pieces: broadcast::Sender<Piece>,
}

/// Some of what happened, in order.
#[derive(Clone)]
pub(super) struct Piece {
    /// Whoever has heard less than this has missed something.
    pub(super) after: Known,
    pub(super) up_to: Known,
    pub(super) events: Arc<[Told]>,
    /// Nothing follows.
    pub(super) last: bool,
}

impl Channel {
    /// The first reader finds the end and starts the task.
    pub(super) async fn begin(self: &Arc<Self>, live: &Arc<Live>, stage: StageId) -> Result<&Begun, Problem> {
        let begin = async || {
            let end = live.reads.changes_end(stage).await?;
            let pump = Pump { live: live.clone(), channel: self.clone(), stage };
            tokio::spawn(async move { pump.run().await });
            Ok::<_, ProjectionError>(Begun { end: Mutex::new(end), pieces: broadcast::channel(BEHIND).0 })
        };
        Ok(self.begun.get_or_try_init(begin).await?)
    }

    pub(super) fn moved(&self) {
        self.moved.notify_one();
    }

    pub(super) fn end(&self) {
        self.ended.store(true, SeqCst);
        self.moved.notify_one();
    }
}

impl Begun {
    /// What comes, and just behind what it comes.
    pub(super) fn subscribe(&self) -> (Known, broadcast::Receiver<Piece>) {
        let end = self.end();
        (*end, self.pieces.subscribe())
    }

    fn send(&self, piece: Piece) {
        let mut end = self.end();
        *end = piece.up_to;
        // Nobody may listen just now.
        let _ = self.pieces.send(piece);
    }

    fn end(&self) -> MutexGuard<'_, Known> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of a channel.
struct Pump {
    live: Arc<Live>,
    channel: Arc<Channel>,
    stage: StageId,
}

impl Pump {
    async fn run(self) {
        loop {
            self.channel.moved.notified().await;
            while !self.channel.ended.load(SeqCst) {
                match self.hand_on().await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(_) => sleep(REST).await,
                }
            }
            if self.channel.ended.load(SeqCst) {
                return;
            }
        }
    }

    /// Hands on a page of changes; whether there is more already.
    async fn hand_on(&self) -> Result<bool, ProjectionError> {
        let Some(begun) = self.channel.begun.get() else { return Ok(false) };
        let after = *begun.end();
        if self.live.reads.is_restricted(self.stage).await? {
            // No word of why: whoever comes back finds no stage, for as long as that lasts.
            begun.send(Piece { after, up_to: after, events: Arc::from([]), last: true });
            self.channel.ended.store(true, SeqCst);
            return Ok(false);
        }
        let page = self.live.reads.changes_following(self.stage, after, AT_ONCE).await?;
        let mut events: Vec<Told> = page
            .changes
            .into_iter()
            .map(|change| Told::Change(change.cursor, event::change(change, &self.live.settings)))
            .collect();
        let stage = self.live.reads.stage(self.stage).await?;
        let last = stage.is_none();
        match stage {
            None => events.push(Told::Gone),
            Some(stage) if !page.cursor.same_topics(after) => {
                events.push(Told::Topics(page.cursor, event::topics(page.cursor, stage)));
            }
            Some(_) => {}
        }
        if !events.is_empty() {
            begun.send(Piece { after, up_to: page.cursor, events: events.into(), last });
        }
        if last {
            self.channel.ended.store(true, SeqCst);
        }
        Ok(page.more)
    }
}
