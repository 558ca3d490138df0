//! Which invitations are open, and forgetting those that are not any more.

use std::collections::HashMap;

use sqlx::Row;
use stage_domain::{
    AccountId, InvitationId, StageId,
    stage::{Invitation, Role},
};
use stage_store::{Act, StoreError};
use uuid::Uuid;

use super::invite::PLACE;
use crate::{Actor, CommandError, Commands, Time, UseCase};

/// An invitation that can be accepted, as the owners of the stage may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenInvitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub invited_by: AccountId,
    pub invited_at: Time,
    pub expires_at: Time,
}

impl Commands {
    /// The open invitations to a stage, the oldest first.
    pub async fn invitations(
        &self,
        actor: Actor,
        stage: StageId,
        now: Time,
    ) -> Result<Vec<OpenInvitation>, CommandError> {
        let team =
            self.stage_for(actor, stage, UseCase::ListInvitations, &mut Act::default()).await?.aggregate.team;
        let rows = sqlx::query("SELECT id, invited_by, email FROM invitations WHERE stage_id = $1")
            .bind(stage.0)
            .fetch_all(self.log.pool())
            .await?;
        let mut rows: HashMap<Uuid, _> = rows.into_iter().map(|row| (row.get("id"), row)).collect();
        let mut open = vec![];
        for (id, Invitation { role, invited_at, expires_at, .. }) in team.invitations {
            let Some(row) = rows.remove(&id.0).filter(|_| now < expires_at) else { continue };
            let Some(email) = self.invited_address(id, row.get("email")).await? else { continue };
            let invited_by = AccountId(row.get("invited_by"));
            open.push(OpenInvitation { id, email, role, invited_by, invited_at, expires_at });
        }
        open.sort_by_key(|invitation| (invitation.invited_at, invitation.id));
        Ok(open)
    }

    /// `None` once the invitation is forgotten.
    pub(super) async fn invited_address(
        &self,
        id: InvitationId,
        sealed: Vec<u8>,
    ) -> Result<Option<String>, CommandError> {
        let (keyring, pool) = (self.log.keyring(), self.log.pool());
        let email = keyring.open_secret(pool, AccountId(id.0), PLACE, &sealed).await?;
        email.map(|email| String::from_utf8(email).map_err(|_| StoreError::Seal.into())).transpose()
    }

    /// Forgets to whom those invitations went that can't be accepted any more.
    pub(crate) async fn forget_expired_invitations(&self, now: Time) -> Result<u64, CommandError> {
        let mut tx = self.log.pool().begin().await?;
        let expired: Vec<Uuid> =
            sqlx::query_scalar("DELETE FROM invitations WHERE expires_at <= $1 RETURNING id")
                .bind(now)
                .fetch_all(&mut *tx)
                .await?;
        stage_store::forget(&mut tx, &expired).await?;
        tx.commit().await?;
        Ok(expired.len() as u64)
    }
}
