//! A child process that is kept running until we end it.

use std::{
    path::PathBuf,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    process::{Child, Command},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    leftover::{self, Ending},
    nursery::Nursery,
};
use crate::{failure::Failure, stop::Stop};

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A child that ran this long is not in a crash loop.
const STEADY: Duration = Duration::from_secs(60);

/// What a child is and how it is started again.
pub(super) struct Recipe {
    pub(super) service: &'static str,
    /// The name of the process, as the kernel shows it.
    pub(super) process: &'static str,
    /// Its working directory, which is its alone.
    pub(super) dir: PathBuf,
    pub(super) log: PathBuf,
    pub(super) ending: Ending,
    pub(super) command: Box<dyn Fn() -> Result<Command, Failure> + Send + Sync>,
}

/// A running child, with the task that starts it again should it die.
pub(super) struct Kept {
    service: &'static str,
    ending: Ending,
    stop: CancellationToken,
    deaths: Deaths,
    keeper: JoinHandle<Option<Child>>,
}

/// How often a child died on its own.
#[derive(Clone, Default)]
pub(super) struct Deaths(Arc<AtomicU32>);

impl Deaths {
    /// A child that has not been ready yet will hardly ever be.
    pub(super) fn too_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= 3
    }
}

impl Kept {
    pub(super) async fn start(nursery: &Nursery, recipe: Recipe) -> Result<Self, Failure> {
        let (service, ending, stop) = (recipe.service, recipe.ending, CancellationToken::new());
        let child = nursery.spawn((recipe.command)()?).await.map_err(|error| Failure::NotStarted {
            service,
            reason: error.to_string(),
            log: recipe.log.clone(),
        })?;
        let deaths = Deaths::default();
        let keeper = tokio::spawn(keep_running(nursery.clone(), recipe, child, deaths.clone(), stop.clone()));
        Ok(Self { service, ending, stop, deaths, keeper })
    }

    pub(super) fn deaths(&self) -> Deaths {
        self.deaths.clone()
    }

    /// Ends the child, and kills it when it takes too long.
    pub(super) async fn end(self, stop: &Stop) {
        self.stop.cancel();
        if let Ok(Some(child)) = self.keeper.await {
            end(child, self.ending, stop).await;
        }
        tracing::debug!(service = self.service, "ended");
    }
}

/// Ends a child in at most three steps, and reaps it.
pub(super) async fn end(mut child: Child, ending: Ending, stop: &Stop) {
    signal(&child, ending.gentle);
    if stop.grant(Duration::from_secs(30), child.wait()).await.is_some() {
        return;
    }
    signal(&child, ending.hard);
    if tokio::time::timeout(Duration::from_secs(10), child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Gives the child back when told to stop; `None` when there is none just then.
async fn keep_running(
    nursery: Nursery,
    recipe: Recipe,
    first: Child,
    deaths: Deaths,
    stop: CancellationToken,
) -> Option<Child> {
    let mut child = first;
    let mut pause = SHORTEST_PAUSE;
    loop {
        let started = Instant::now();
        let status = tokio::select! {
            status = child.wait() => status,
            () = stop.cancelled() => return Some(child),
        };
        if started.elapsed() > STEADY {
            pause = SHORTEST_PAUSE;
        }
        deaths.0.fetch_add(1, Ordering::Relaxed);
        let ended = status.as_ref().map_or_else(ToString::to_string, ExitStatus::to_string);
        tracing::error!(service = recipe.service, %ended, log = %recipe.log.display(), "ended unexpectedly; starting it again");
        child = loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return None,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            tokio::select! {
                () = leftover::clear(&recipe.dir, recipe.process, recipe.ending) => {}
                () = stop.cancelled() => return None,
            }
            let spawned = match (recipe.command)() {
                Ok(command) => nursery.spawn(command).await.map_err(|error| error.to_string()),
                Err(failure) => Err(failure.sentence()),
            };
            match spawned {
                Ok(child) => break child,
                Err(error) => tracing::error!(service = recipe.service, error, "cannot be started again"),
            }
        };
    }
}
