//! Sweeping: takes away rows and files that have outlived their use, once an hour. Any number of processes may do it.

use std::{sync::Arc, time::Duration};

use stage_commands::Commands;
use stage_projections::outbox::Deliveries;
use tokio_util::sync::CancellationToken;

use crate::{Clock, delivering::Recipient};

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs until `stop`.
pub async fn run(
    commands: Commands,
    deliveries: Deliveries,
    recipients: Vec<Arc<dyn Recipient>>,
    clock: Clock,
    stop: CancellationToken,
) {
    loop {
        match commands.sweep(clock()).await {
            Ok(swept) => tracing::debug!(?swept, "swept"),
            Err(error) => tracing::warn!(%error, "cannot sweep; the next sweep is in an hour"),
        }
        match deliveries.sweep(clock()).await {
            Ok(swept) => tracing::debug!(swept, "swept the outbox"),
            Err(error) => tracing::warn!(%error, "cannot sweep the outbox; the next sweep is in an hour"),
        }
        for recipient in &recipients {
            if let Err(error) = recipient.sweep(clock()) {
                // The kind alone: what else it says may name a file.
                let (recipient, kind) = (recipient.name(), error.kind());
                tracing::warn!(recipient, %kind, "cannot sweep what is kept there; the next sweep is in an hour");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
