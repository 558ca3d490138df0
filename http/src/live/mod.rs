//! Following a stage: one task for each stage that is followed reads what changed, once for all who follow it.
//!
//! `channel.rs` is that task and what it hands on; `follower.rs` is one reader, who first catches up from where
//! `Last-Event-ID` says and then takes what the task hands on. What a reader misses is read from the read model again,
//! so that no event is lost or sent twice.

mod channel;
mod event;
mod follower;
mod told;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::SeqCst},
};

use channel::Channel;
pub(crate) use follower::Follower;
use stage_domain::StageId;
use stage_projections::{Reads, feed::Known, heads::Stages};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use told::Told;

use crate::{HttpSettings, problem::Problem};

/// Everybody who follows something.
pub(crate) struct Live {
    reads: Reads,
    settings: HttpSettings,
    closing: CancellationToken,
    channels: Mutex<HashMap<StageId, Arc<Channel>>>,
    /// Wakes whoever asks what moved.
    pub(crate) wake: Arc<Notify>,
}

impl Live {
    pub(crate) fn new(reads: Reads, settings: HttpSettings, closing: CancellationToken) -> Self {
        Self { reads, settings, closing, channels: Mutex::default(), wake: Arc::default() }
    }

    /// A reader of this stage, from just behind `last` or from now on.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        stage: StageId,
        last: Option<Known>,
    ) -> Result<Follower, Problem> {
        // In the map before the end is read: whatever changes after that is told to the channel.
        let place = Place::take(self, stage);
        self.wake.notify_one();
        let channel = place.channel.clone();
        let begun = channel.begin(self, stage).await?;
        Ok(Follower::new(place, begun, last))
    }

    /// Whether anybody follows anything.
    pub(crate) fn is_followed(&self) -> bool {
        !self.channels().is_empty()
    }

    /// Tells those who follow these stages to look.
    pub(crate) fn moved(&self, stages: &Stages) {
        let channels = self.channels();
        match stages {
            Stages::All => channels.values().for_each(|channel| channel.moved()),
            Stages::These(stages) => {
                stages.iter().filter_map(|stage| channels.get(stage)).for_each(|channel| channel.moved());
            }
        }
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<StageId, Arc<Channel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's place in a channel; the last one to leave ends it.
struct Place {
    live: Arc<Live>,
    stage: StageId,
    channel: Arc<Channel>,
}

impl Place {
    fn take(live: &Arc<Live>, stage: StageId) -> Self {
        let mut channels = live.channels();
        let channel = channels.entry(stage).or_default().clone();
        channel.readers.fetch_add(1, SeqCst);
        Self { live: live.clone(), stage, channel }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut channels = self.live.channels();
        // Nobody comes or goes meanwhile: whoever does holds the map.
        if self.channel.readers.fetch_sub(1, SeqCst) == 1 {
            channels.remove(&self.stage);
            self.channel.end();
        }
    }
}
