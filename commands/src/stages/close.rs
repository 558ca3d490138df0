use std::sync::Arc;

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{
    StageId,
    stage::{Stage, StageCommand},
};
use stage_store::{Act, Also, Appended, ClaimChange, ClaimKind, Receipt};

use super::add_media::object_key;
use crate::{Actor, CommandError, Commands, Done, Request};

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
        self.once(Some(actor.account), &request, stage.0, |act| self.close(actor, stage, at, act)).await
    }

    async fn close(
        &self,
        actor: Actor,
        stage: StageId,
        at: crate::Time,
        mut act: Act,
    ) -> Result<Receipt, CommandError> {
        let loaded = self.own_stage(actor, stage).await?;
        let handle = loaded.aggregate.handle.clone();
        act.claims.push(ClaimChange::Release { kind: ClaimKind::Handle, value: handle, owner: stage.0 });
        act.also.push(Arc::new(Forget { stage }));
        let receipt = self.log.execute::<Stage>(stage.0, StageCommand::Close { at }, act).await?;
        // Nobody is shown the files any more, whether or not the object store answers now. What was added while
        // the stage was being closed is among them when it is loaded again.
        for media in self.log.load::<Stage>(stage.0).await?.aggregate.media {
            if let Err(error) = self.objects.delete(&object_key(media)).await {
                tracing::warn!(%error, %media, "a file of a closed stage was not deleted");
            }
        }
        Ok(receipt)
    }
}

/// Nothing of the stage is polled and none of its files is shown.
struct Forget {
    stage: StageId,
}

#[async_trait]
impl Also for Forget {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        for forget in
            ["DELETE FROM poll_schedule WHERE stage_id = $1", "DELETE FROM media WHERE stage_id = $1"]
        {
            sqlx::query(forget).bind(self.stage.0).execute(&mut *tx).await?;
        }
        Ok(())
    }
}
