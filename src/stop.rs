//! Ctrl-C and SIGTERM: the first asks everything to end in order, the second to hurry.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

#[derive(Clone)]
pub(crate) struct Stop {
    /// Finish what is under way, then end.
    pub(crate) gently: CancellationToken,
    /// End without waiting for anybody; the next start recovers.
    pub(crate) now: CancellationToken,
}

impl Stop {
    /// Waits as long as is allowed for somebody to finish, less when we are told to hurry. `None`: time is up.
    pub(crate) async fn grant<T>(
        &self,
        most: std::time::Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = tokio::time::sleep(most) => None,
            () = self.now.cancelled() => None,
        }
    }
}

pub(crate) fn on_signals() -> Result<Stop, Failure> {
    let stop = Stop { gently: CancellationToken::new(), now: CancellationToken::new() };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    let told = stop.clone();
    tokio::spawn(async move {
        for token in [&told.gently, &told.now] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(stop)
}
