//! Rows that have outlived their use.

use chrono::TimeDelta;

use crate::{CommandError, Commands, Time};

/// How long an Idempotency-Key is remembered.
pub const IDEMPOTENCY_LIFE: TimeDelta = TimeDelta::days(1);

/// What a sweep took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub sessions: u64,
    pub idempotency_keys: u64,
}

impl Commands {
    /// Deletes sessions that ended and answers that nobody may ask for any more.
    pub async fn sweep(&self, now: Time) -> Result<Swept, CommandError> {
        let sessions = sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(now)
            .execute(self.log.pool())
            .await?
            .rows_affected();
        let idempotency_keys = sqlx::query("DELETE FROM idempotency_keys WHERE created_at <= $1")
            .bind(now - IDEMPOTENCY_LIFE)
            .execute(self.log.pool())
            .await?
            .rows_affected();
        Ok(Swept { sessions, idempotency_keys })
    }
}
