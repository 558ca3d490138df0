use sqlx::PgConnection;
use stage_store::locks;
use tokio::time::timeout;

use super::{Settings, ViewsError};
use crate::lead::Lead;

/// How many heartbeats PostgreSQL waits for a silent leader before it ends the session, and with it the lock.
const SILENT_BEATS: u32 = 3;

/// Who counts the views of a stream.
pub(super) fn lead(settings: &Settings) -> Lead<'_> {
    Lead {
        lock: (locks::VIEWS, &settings.stream),
        ask_every: settings.heartbeat,
        answer_within: settings.timeout,
        silent: settings.heartbeat * SILENT_BEATS,
        silent_within: settings.heartbeat * SILENT_BEATS,
    }
}

/// Waits for somebody else, without the session falling silent meanwhile: a slow NATS must not cost the leader its lock,
/// because the next one would fare no better and nothing would ever be counted.
pub(super) async fn meanwhile<T>(
    connection: &mut PgConnection,
    settings: &Settings,
    work: impl Future<Output = Result<T, ViewsError>>,
) -> Result<T, ViewsError> {
    let mut work = std::pin::pin!(work);
    loop {
        match timeout(settings.heartbeat, &mut work).await {
            Ok(done) => return done,
            Err(_) => lead(settings).still(connection).await?,
        }
    }
}
