use std::sync::Arc;

use stage_domain::{
    AccountId, StageId,
    stage::{Stage, StageCommand, StageError},
};
use stage_store::{Act, ExecuteError};
use uuid::Uuid;

use super::rows::Gone;
use crate::{CommandError, Commands, Missing, Time};

impl Commands {
    /// Ends every membership of an account that ends. A stage that it alone owned is closed. May be done again after it was
    /// interrupted. The stages that were closed are named.
    pub async fn end_memberships(&self, account: AccountId, at: Time) -> Result<Vec<StageId>, CommandError> {
        let stages: Vec<Uuid> =
            sqlx::query_scalar("SELECT stage_id FROM stage_members WHERE account_id = $1 ORDER BY stage_id")
                .bind(account.0)
                .fetch_all(self.log.pool())
                .await?;
        let mut closed = vec![];
        for stage in stages.into_iter().map(StageId) {
            let also: Vec<Arc<dyn stage_store::Also>> = vec![Arc::new(Gone { stage, member: account })];
            let leave = StageCommand::Leave { member: account, at };
            match self
                .log
                .execute::<Stage>(stage.0, leave, Act { by: Some(account), also, ..Act::default() })
                .await
            {
                Err(ExecuteError::Refused(StageError::LastOwner)) => {
                    let loaded = self.log.load::<Stage>(stage.0).await?;
                    self.close(stage, &loaded.aggregate, at, Act { by: Some(account), ..Act::default() })
                        .await?;
                    closed.push(stage);
                }
                // Somebody closed it, or removed them, at the same time.
                Err(ExecuteError::Refused(StageError::NotFound | StageError::NoSuchMember)) => {}
                Err(ExecuteError::Refused(_)) => return Err(CommandError::NotFound(Missing::Stage)),
                Err(ExecuteError::Store(error)) => return Err(error.into()),
                Ok(_) => {}
            }
        }
        Ok(closed)
    }
}
