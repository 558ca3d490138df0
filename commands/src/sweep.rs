//! Rows that have outlived their use.

use chrono::TimeDelta;

use crate::{CommandError, Commands, Time, accounts::second_factor::ENROLMENT_LIFE};

/// How long an Idempotency-Key is remembered.
pub const IDEMPOTENCY_LIFE: TimeDelta = TimeDelta::days(1);

/// What a sweep took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub sessions: u64,
    pub idempotency_keys: u64,
    /// Invitations that expired; whom they went to is forgotten.
    pub invitations: u64,
    /// Files of uploads that came to nothing.
    pub uploads: u64,
}

impl Commands {
    /// Deletes sessions that ended, answers that nobody may ask for any more, to whom invitations went that have
    /// expired, secrets of authenticator apps that were never confirmed, what an erasure left in the table of keys, and files
    /// of uploads that came to nothing.
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
        sqlx::query("DELETE FROM second_factors WHERE enabled_at IS NULL AND begun_at <= $1")
            .bind(now - ENROLMENT_LIFE)
            .execute(self.log.pool())
            .await?;
        let invitations = self.forget_expired_invitations(now).await?;
        // That of an invitation is destroyed too.
        self.vacuum_keys().await;
        // Last: the object store may be away, and the rest need not wait for it.
        let uploads = self.sweep_uploads(now).await?;
        Ok(Swept { sessions, idempotency_keys, invitations, uploads })
    }
}
