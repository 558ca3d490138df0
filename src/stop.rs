//! Ctrl-C and SIGTERM: the first asks everything to end in order, the second to hurry.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

#[derive(Clone)]
pub(crate) struct Stop {
    /// Finish what is under way, then end.
    pub(crate) gently: CancellationToken,
    /// End without waiting for anybody; the next start recovers.
    pub(crate) now: CancellationToken,
    /// Whether it was SIGTERM, by whoever runs programs and hands out requests, and not a person's Ctrl-C.
    pub(crate) by_supervisor: Arc<AtomicBool>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self {
            gently: CancellationToken::new(),
            now: CancellationToken::new(),
            by_supervisor: Arc::default(),
        }
    }

    /// Waits until we are to end and, where a supervisor said so, as much longer as it needs to take notice.
    pub(crate) async fn noticed(&self, notice: Duration) {
        self.gently.cancelled().await;
        if self.by_supervisor.load(Ordering::Relaxed) {
            self.grant(notice, std::future::pending::<()>()).await;
        }
    }

    /// Waits as long as is allowed for somebody to finish, less when we are told to hurry. `None`: time is up.
    pub(crate) async fn grant<T>(&self, most: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = tokio::time::sleep(most) => None,
            () = self.now.cancelled() => None,
        }
    }
}

pub(crate) fn on_signals() -> Result<Stop, Failure> {
    let stop = Stop::new();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    let told = stop.clone();
    tokio::spawn(async move {
        for token in [&told.gently, &told.now] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => told.by_supervisor.store(true, Ordering::Relaxed),
            }
            token.cancel();
        }
    });
    Ok(stop)
}
