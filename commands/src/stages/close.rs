use std::sync::Arc;

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{
    StageId,
    stage::{Stage, StageCommand},
};
use stage_store::{Act, Also, Appended, ClaimChange, ClaimKind, Receipt};

use crate::{Actor, CommandError, Commands, Done, Request, Time, UseCase, members::forget_team};

impl Commands {
    /// Closes a stage for good: nothing of it is shown, its sources are not polled, its handle is free and its
    /// files are deleted.
    pub async fn close_stage(
        &self,
        actor: Actor,
        stage: StageId,
        request: Request,
    ) -> Result<Done, CommandError> {
        let at = request.at;
        self.once(Some(actor.account), &request, stage.0, |mut act| async move {
            let loaded = self.stage_for(actor, stage, UseCase::CloseStage, &mut act).await?;
            let receipt = self.close(stage, &loaded.aggregate, at, act).await?;
            // Nobody is shown the files any more, whether or not the object store answers now.
            if let Err(error) = self.delete_files(stage).await {
                tracing::warn!(%error, %stage, "files of a closed stage are not deleted yet; it is tried again");
            }
            Ok::<_, CommandError>(receipt)
        })
        .await
    }

    /// Its files are left to [`Commands::delete_files`].
    pub(crate) async fn close(
        &self,
        stage: StageId,
        loaded: &Stage,
        at: Time,
        mut act: Act,
    ) -> Result<Receipt, CommandError> {
        let value = loaded.handle.clone();
        act.claims.push(ClaimChange::Release { kind: ClaimKind::Handle, value, owner: stage.0 });
        act.also.push(Arc::new(Forget { stage, at }));
        Ok(self.log.execute::<Stage>(stage.0, StageCommand::Close { at }, act).await?)
    }
}

/// Nothing of the stage is polled, none of its files is shown, and nobody belongs to it.
struct Forget {
    stage: StageId,
    at: Time,
}

#[async_trait]
impl Also for Forget {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        for forget in
            ["DELETE FROM poll_schedule WHERE stage_id = $1", "DELETE FROM media WHERE stage_id = $1"]
        {
            sqlx::query(forget).bind(self.stage.0).execute(&mut *tx).await?;
        }
        sqlx::query("UPDATE stage_owners SET closed_at = $2 WHERE stage_id = $1")
            .bind(self.stage.0)
            .bind(self.at)
            .execute(&mut *tx)
            .await?;
        forget_team(tx, self.stage).await
    }
}
