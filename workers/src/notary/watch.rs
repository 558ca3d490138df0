use std::time::Duration;

use metrics::gauge;
use sqlx::PgPool;
use stage_store::{
    Reader,
    proof::{ProofError, checkpoint},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Clock;

const EVERY: Duration = Duration::from_secs(10);

/// Reads how far the log is signed, whichever process signs it, and puts it into the metrics, until `stop`. Says nothing of a
/// log that nobody ever signed.
pub async fn watch(pool: PgPool, clock: Clock, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = look(&pool, &clock).await {
            // The source is left out: a driver's message can quote a value.
            tracing::warn!(%error, "how far the log is signed is not known");
        }
        let _ = timeout(EVERY, stop.cancelled()).await;
    }
}

#[allow(clippy::cast_precision_loss)]
async fn look(pool: &PgPool, clock: &Clock) -> Result<(), ProofError> {
    let Some(signed) = checkpoint(pool, None).await? else { return Ok(()) };
    let ahead = Reader::new(pool.clone()).ahead(signed.position).await.map_err(ProofError::Store)?;
    let seconds = ahead.since.map_or(0.0, |since| (clock() - since).as_seconds_f64().max(0.0));
    gauge!("stage_notary_unsigned_events").set(ahead.events as f64);
    gauge!("stage_notary_unsigned_seconds").set(seconds);
    Ok(())
}
