use sqlx::Row;
use stage_domain::AuditorId;

use super::{Auditors, Scope, scopes};
use crate::{CommandError, Time};

/// An auditor as an operator sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditorRow {
    pub id: AuditorId,
    pub label: String,
    pub scopes: &'static [Scope],
    pub added_at: Time,
    /// `None` while the token is good.
    pub revoked_at: Option<Time>,
}

impl Auditors {
    /// All there ever were, the oldest first.
    pub async fn list(&self) -> Result<Vec<AuditorRow>, CommandError> {
        let rows = sqlx::query(
            "SELECT id, label, personal, added_at, revoked_at FROM auditors ORDER BY added_at, id",
        )
        .fetch_all(&self.pool)
        .await?;
        let row = |row: sqlx::postgres::PgRow| AuditorRow {
            id: AuditorId(row.get("id")),
            label: row.get("label"),
            scopes: scopes(row.get("personal")),
            added_at: row.get("added_at"),
            revoked_at: row.get("revoked_at"),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
