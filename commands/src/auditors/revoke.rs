use stage_domain::AuditorId;

use super::Auditors;
use crate::{CommandError, Missing, Time};

impl Auditors {
    /// Ends an auditor's token at once. The row stays: events name whom it was.
    pub async fn revoke(&self, id: AuditorId, at: Time) -> Result<(), CommandError> {
        let revoked = sqlx::query(
            "UPDATE auditors SET token = NULL, revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        )
        .bind(id.0)
        .bind(at)
        .execute(&self.pool)
        .await?;
        match revoked.rows_affected() {
            0 => Err(CommandError::NotFound(Missing::Auditor)),
            _ => Ok(()),
        }
    }
}
