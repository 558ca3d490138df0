//! A new version of a projection: its tables are built beside those of the old program, which goes on serving and
//! applying until they take their place.

use std::{sync::Arc, time::Duration};

use stage_projections::{
    ProjectionError,
    engine::{
        Projection,
        rebuild::{RebuildError, Rebuilding, Stand, rebuild},
    },
};
use stage_store::Log;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How soon to look whether another process has finished.
const LOOK: Duration = Duration::from_secs(1);

/// How long to rest after an event that the new version cannot apply. It is shown by the status.
const REST: Duration = Duration::from_secs(60);

/// How many apply events at the same time. The old program needs the rest of the machine.
const WORKERS: usize = 2;

/// Builds and swaps, or leaves it to another process that does. Returns how long to rest.
pub(super) async fn renew(
    log: &Log,
    projection: &Arc<dyn Projection>,
    tables: i32,
    stop: &CancellationToken,
) -> Result<Duration, ProjectionError> {
    let name = projection.name();
    let program = projection.version();
    let with = Rebuilding {
        pool: log.pool().clone(),
        workers: WORKERS,
        stand: watch::channel(Stand::default()).0,
        stop: stop.clone(),
    };
    match rebuild(&with, Arc::clone(projection)).await {
        Ok(position) => {
            tracing::info!(projection = name, tables, program, position, "the new version has taken over");
            Ok(Duration::ZERO)
        }
        Err(RebuildError::Busy(_)) => Ok(LOOK),
        Err(RebuildError::Interrupted) => Ok(Duration::ZERO),
        Err(RebuildError::Projection(error)) => Err(error),
        // Texts of ours, without a value of the event.
        Err(error) => {
            tracing::error!(projection = name, tables, program, %error, "the new version cannot take over");
            Ok(REST)
        }
    }
}
