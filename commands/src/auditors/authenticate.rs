use stage_domain::AuditorId;
use uuid::Uuid;

use super::{Auditor, Auditors, digest};
use crate::CommandError;

impl Auditors {
    /// Who holds this token. Asked for each request, so that a token ends at once when it is revoked.
    pub async fn authenticate(&self, token: &str) -> Result<Auditor, CommandError> {
        let found: Option<(Uuid, bool)> =
            sqlx::query_as("SELECT id, personal FROM auditors WHERE token = $1")
                .bind(&digest(token)[..])
                .fetch_optional(&self.pool)
                .await?;
        let (id, personal) = found.ok_or(CommandError::NotAnAuditor)?;
        Ok(Auditor { id: AuditorId(id), personal })
    }
}
