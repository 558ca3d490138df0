use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Deliveries;
use crate::ProjectionError;

impl Deliveries {
    /// Lets a dead delivery be tried again from the start, or one that waits for its next try be tried now. `false`
    /// when there is none such.
    pub async fn retry(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, ProjectionError> {
        let changed = sqlx::query(
            "UPDATE outbox.deliveries
             SET state = 'waiting', settled_at = NULL, tries = 0, due_at = $2
             WHERE id = $1 AND state IN ('dead', 'waiting')",
        )
        .bind(id)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() == 1)
    }

    /// Gives a delivery up: what waits behind it may go. `reason` is kept for whoever asks later. `false` when there
    /// is none such.
    pub async fn give_up(&self, id: Uuid, reason: &str, now: DateTime<Utc>) -> Result<bool, ProjectionError> {
        let changed = sqlx::query(
            "UPDATE outbox.deliveries SET state = 'dropped', settled_at = $2, reason = $3
             WHERE id = $1 AND state IN ('dead', 'waiting')",
        )
        .bind(id)
        .bind(now)
        .bind(reason)
        .execute(&self.pool)
        .await?;
        Ok(changed.rows_affected() == 1)
    }
}
