use secrecy::SecretString;
use sqlx::Row;
use stage_domain::{
    AccountId, InvitationId, Language, StageId,
    stage::{Role, Stage},
};

use super::token;
use crate::{CommandError, Commands, Time};

/// What the mail of an invitation says, and to whom it goes.
pub struct InvitationMail {
    pub email: String,
    pub stage: String,
    pub role: Role,
    pub language: Language,
    pub invited_by: AccountId,
    pub expires_at: Time,
    /// For the link. Whoever holds it may join.
    pub token: SecretString,
}

impl Commands {
    /// `None` when there is nobody to be told any more: the invitation was accepted or withdrawn, it has expired, or the
    /// stage is closed.
    pub async fn invitation_mail(
        &self,
        invitation: InvitationId,
        now: Time,
    ) -> Result<Option<InvitationMail>, CommandError> {
        let row = sqlx::query("SELECT stage_id, invited_by, email FROM invitations WHERE id = $1")
            .bind(invitation.0)
            .fetch_optional(self.log.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let stage = StageId(row.get("stage_id"));
        let invited = self.log.load::<Stage>(stage.0).await?.aggregate;
        let Some(open) = invited.team.invitation(invitation, now).filter(|_| invited.is_open()) else {
            return Ok(None);
        };
        let Some(email) = self.invited_address(invitation, row.get("email")).await? else { return Ok(None) };
        Ok(Some(InvitationMail {
            email,
            stage: invited.name,
            role: open.role,
            language: open.language,
            invited_by: AccountId(row.get("invited_by")),
            expires_at: open.expires_at,
            token: token::token(self.log.keyring(), stage, invitation),
        }))
    }
}
