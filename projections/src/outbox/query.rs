use stage_domain::AccountId;
use stage_store::Position;
use uuid::Uuid;

use super::{Deliveries, DeliveryView, DisclosureView, RecipientView};
use crate::ProjectionError;

impl Deliveries {
    /// Every recipient that was ever set up, by name.
    pub async fn status(&self) -> Result<Vec<RecipientView>, ProjectionError> {
        sqlx::query_as(
            "SELECT substr(name, 8) AS recipient, position, state, error, failed_position,
                    count(*) FILTER (WHERE d.has = 'waiting') AS waiting,
                    min(d.created_at) FILTER (WHERE d.has = 'waiting') AS waiting_since,
                    count(*) FILTER (WHERE d.has = 'dead') AS dead,
                    count(*) FILTER (WHERE d.has = 'sent') AS sent,
                    count(*) FILTER (WHERE d.has = 'withheld') AS withheld
             FROM projection_checkpoints
             LEFT JOIN (SELECT recipient, state, created_at FROM outbox.deliveries)
                 AS d (recipient, has, created_at) ON d.recipient = substr(name, 8)
             WHERE name LIKE 'outbox\\_%' GROUP BY name ORDER BY name",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(ProjectionError::from)
    }

    /// How far in the log what a recipient is told was enqueued; `None` for one that was never set up, by whichever process.
    pub async fn reached(&self, recipient: &str) -> Result<Option<Position>, ProjectionError> {
        sqlx::query_scalar("SELECT position FROM projection_checkpoints WHERE name = 'outbox_' || $1")
            .bind(recipient)
            .fetch_optional(&self.pool)
            .await
            .map_err(ProjectionError::from)
    }

    /// Whom a delivery of this kind is about that still waits to be sent.
    pub async fn waiting_about(&self, kind: &str) -> Result<Vec<AccountId>, ProjectionError> {
        let about: Vec<Uuid> = sqlx::query_scalar(
            "SELECT DISTINCT about FROM outbox.deliveries
             WHERE state = 'waiting' AND kind = $1 AND about IS NOT NULL",
        )
        .bind(kind)
        .fetch_all(&self.pool)
        .await?;
        Ok(about.into_iter().map(AccountId).collect())
    }

    /// Who was told something about this person, by name.
    pub async fn disclosures(&self, person: AccountId) -> Result<Vec<DisclosureView>, ProjectionError> {
        sqlx::query_as(
            "SELECT recipient, first_at, last_at FROM outbox.disclosures WHERE subject = $1 ORDER BY recipient",
        )
        .bind(person.0)
        .fetch_all(&self.pool)
        .await
        .map_err(ProjectionError::from)
    }

    /// What failed for good and what was tried in vain so far, the oldest first, at most `limit`.
    pub async fn troubles(&self, limit: i64) -> Result<Vec<DeliveryView>, ProjectionError> {
        sqlx::query_as(
            "SELECT id, recipient, kind, position, state, tries, created_at, due_at, settled_at, reason
             FROM outbox.deliveries
             WHERE state = 'dead' OR (state = 'waiting' AND reason IS NOT NULL)
             ORDER BY number LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(ProjectionError::from)
    }
}
