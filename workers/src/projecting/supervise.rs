use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use stage_projections::engine::{Projection, all};
use stage_store::{Log, Position};
use tokio::{sync::watch, time::sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::run;

/// How long a loop that panicked rests before it begins again.
const REST: Duration = Duration::from_secs(1);

/// Runs every projection until `stop`. `wake` holds the highest position that this process heard of; a value
/// that is late, missing or wrong costs time and nothing else.
pub async fn run_all(log: Log, wake: watch::Receiver<Position>, stop: CancellationToken) {
    join_all(all().into_iter().map(|projection| keep_running(&log, projection, &wake, &stop))).await;
}

/// Runs one projection until `stop`, also after it panicked.
pub(crate) async fn keep_running(
    log: &Log,
    projection: Arc<dyn Projection>,
    wake: &watch::Receiver<Position>,
    stop: &CancellationToken,
) {
    loop {
        let task = run(log.clone(), Arc::clone(&projection), wake.clone(), stop.clone());
        match AbortOnDropHandle::new(tokio::spawn(task)).await {
            Ok(()) => return,
            Err(_) if stop.is_cancelled() => return,
            Err(_) => {
                tracing::error!(projection = projection.name(), "the projector panicked; it begins again")
            }
        }
        sleep(REST).await;
    }
}
