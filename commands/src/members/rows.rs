//! The rows of a team, written with the events that tell of it.

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{AccountId, InvitationId, StageId, stage::Role};
use stage_store::{Also, Appended};

/// A member has this role from now on.
pub(crate) struct Joined {
    pub(crate) stage: StageId,
    pub(crate) member: AccountId,
    pub(crate) role: Role,
}

#[async_trait]
impl Also for Joined {
    async fn write(&self, tx: &mut PgConnection, appended: &Appended) -> Result<(), sqlx::Error> {
        // Nothing was found out about who changed the team meanwhile.
        if appended.events == 0 {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO stage_members (stage_id, account_id, role) VALUES ($1, $2, $3)
             ON CONFLICT (stage_id, account_id) DO UPDATE SET role = excluded.role",
        )
        .bind(self.stage.0)
        .bind(self.member.0)
        .bind(self.role.as_str())
        .execute(&mut *tx)
        .await?;
        hand_over(tx, self.stage).await
    }
}

/// Somebody is no member any more.
pub(super) struct Gone {
    pub(super) stage: StageId,
    pub(super) member: AccountId,
}

#[async_trait]
impl Also for Gone {
    async fn write(&self, tx: &mut PgConnection, appended: &Appended) -> Result<(), sqlx::Error> {
        // Nothing was found out about who changed the team meanwhile.
        if appended.events == 0 {
            return Ok(());
        }
        sqlx::query("DELETE FROM stage_members WHERE stage_id = $1 AND account_id = $2")
            .bind(self.stage.0)
            .bind(self.member.0)
            .execute(&mut *tx)
            .await?;
        hand_over(tx, self.stage).await
    }
}

/// In `stage_owners` a stage stands under one of its owners. When that one is none any more, it is another.
async fn hand_over(tx: &mut PgConnection, stage: StageId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE stage_owners o SET owner = m.account_id
         FROM (SELECT account_id FROM stage_members WHERE stage_id = $1 AND role = 'owner'
               ORDER BY account_id LIMIT 1) m
         WHERE o.stage_id = $1 AND NOT EXISTS (
             SELECT FROM stage_members s WHERE s.stage_id = $1 AND s.account_id = o.owner AND s.role = 'owner')",
    )
    .bind(stage.0)
    .execute(tx)
    .await
    .map(drop)
}

/// The address that an invitation went to is forgotten: its row, its key and its claim.
pub(super) struct Forget(pub(super) InvitationId);

#[async_trait]
impl Also for Forget {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM invitations WHERE id = $1").bind(self.0.0).execute(&mut *tx).await?;
        stage_store::forget(tx, &[self.0.0]).await
    }
}

/// The team of a stage that is closed, with whoever was invited to it.
pub(crate) async fn forget_team(tx: &mut PgConnection, stage: StageId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM stage_members WHERE stage_id = $1").bind(stage.0).execute(&mut *tx).await?;
    let invitations: Vec<uuid::Uuid> =
        sqlx::query_scalar("DELETE FROM invitations WHERE stage_id = $1 RETURNING id")
            .bind(stage.0)
            .fetch_all(&mut *tx)
            .await?;
    stage_store::forget(tx, &invitations).await
}
