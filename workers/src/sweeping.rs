//! Sweeping: takes away rows that have outlived their use, once an hour. Any number of processes may do it.

use std::time::Duration;

use stage_commands::Commands;
use stage_projections::outbox::Deliveries;
use tokio_util::sync::CancellationToken;

use crate::Clock;

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs until `stop`.
pub async fn run(commands: Commands, deliveries: Deliveries, clock: Clock, stop: CancellationToken) {
    loop {
        match commands.sweep(clock()).await {
            Ok(swept) => tracing::debug!(?swept, "swept"),
            Err(error) => tracing::warn!(%error, "cannot sweep; the next sweep is in an hour"),
        }
        match deliveries.sweep(clock()).await {
            Ok(swept) => tracing::debug!(swept, "swept the outbox"),
            Err(error) => tracing::warn!(%error, "cannot sweep the outbox; the next sweep is in an hour"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
