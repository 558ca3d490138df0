use std::{sync::Arc, time::Duration};

use stage_store::Position;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use super::Status;
use crate::{ProjectionError, Reads};

/// How often at most the database is asked, however many wait.
const PAUSE: Duration = Duration::from_millis(10);

/// What was last seen of the projections, shared by all who wait in this process: one of them asks at a time, and the
/// others take what it has seen.
#[derive(Default)]
pub(crate) struct Progress(Mutex<Option<Arc<Seen>>>);

struct Seen {
    /// When the database was asked; what it said is not older.
    asked: Instant,
    /// The position of the last event in the log.
    highest: Position,
    projections: Vec<Status>,
}

impl Seen {
    /// How far those have come that are not at `position` yet; `None` when there is none.
    fn reached(&self, position: Position) -> Option<Position> {
        self.projections.iter().map(|status| status.position).filter(|reached| *reached < position).min()
    }

    /// Whether waiting would bring nothing: there is no such event, or who should apply it does not run.
    fn is_in_vain(&self, position: Position) -> bool {
        let stands = |status: &Status| status.position < position && status.state != "running";
        position > self.highest || self.projections.iter().any(stands)
    }
}

impl Reads {
    /// Waits until every projection has applied `position` (read your writes). Fails with
    /// [`ProjectionError::Behind`] when that takes longer than `at_most`, and at once when waiting would bring
    /// nothing: when the log has no such position, or a projection that isn't there yet was paused or has
    /// failed.
    pub async fn wait_for(&self, position: Position, at_most: Duration) -> Result<(), ProjectionError> {
        if position <= 0 {
            return Ok(());
        }
        let begun = Instant::now();
        let end = begun + at_most;
        let mut since = begun;
        loop {
            let seen = self.seen(position, since).await?;
            let Some(reached) = seen.reached(position) else { return Ok(()) };
            // What was asked before this wait began knows nothing of an event that is newer.
            if seen.asked >= begun && (seen.is_in_vain(position) || Instant::now() >= end) {
                return Err(ProjectionError::Behind { wanted: position, reached });
            }
            since = seen.asked + Duration::from_nanos(1);
        }
    }

    /// Something that says that `position` is applied, or else something that was asked at `since` or later.
    async fn seen(&self, position: Position, since: Instant) -> Result<Arc<Seen>, ProjectionError> {
        let mut last = self.progress.0.lock().await;
        if let Some(seen) = &*last {
            if seen.reached(position).is_none() || seen.asked >= since {
                return Ok(seen.clone());
            }
            sleep_until(seen.asked + PAUSE).await;
        }
        let asked = Instant::now();
        let highest = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM events")
            .fetch_one(self.log.pool())
            .await?;
        let seen = Arc::new(Seen { asked, highest, projections: self.status().await? });
        *last = Some(seen.clone());
        Ok(seen)
    }
}
