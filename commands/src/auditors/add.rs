use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use stage_domain::{AuditorId, Invalid, field};

use super::{Auditors, Scope, digest};
use crate::{CommandError, Time};

/// What every token begins with, so that programs which look for leaked secrets know one.
const PREFIX: &str = "stage_auditor_";

/// An auditor just added. The token is shown once and kept only as its hash.
pub struct NewAuditor {
    pub id: AuditorId,
    pub token: SecretString,
}

impl Auditors {
    /// Gives an auditor a token. `fresh` is 32 random bytes for it. `label` is a line by which the operator tells
    /// auditors apart; it is shown in [`Auditors::list`] alone.
    pub async fn add(
        &self,
        id: AuditorId,
        label: &str,
        scope: Scope,
        fresh: [u8; 32],
        at: Time,
    ) -> Result<NewAuditor, CommandError> {
        let label = field::line("label", label, 100).map_err(|fault| Invalid(vec![fault]))?;
        let token = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(fresh));
        sqlx::query(
            "INSERT INTO auditors (id, label, token, personal, added_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.0)
        .bind(label)
        .bind(&digest(&token)[..])
        .bind(scope == Scope::ReadPersonal)
        .bind(at)
        .execute(&self.pool)
        .await?;
        Ok(NewAuditor { id, token: token.into() })
    }
}
