use std::sync::Arc;

use stage_domain::{
    AccountId, StageId,
    stage::{Stage, StageCommand, StageError},
};
use stage_store::{Act, ExecuteError};
use uuid::Uuid;

use super::rows::Gone;
use crate::{CommandError, Commands, Time};

/// How often the end of a membership is decided anew when others change the team meanwhile.
const TRIES: usize = 5;

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
            if self.end_membership(account, stage, at).await? {
                closed.push(stage);
            }
        }
        Ok(closed)
    }

    /// Whether the stage was closed. It is bound to the version in which there was no other owner: somebody may become one
    /// in the meantime, and then it is theirs.
    async fn end_membership(
        &self,
        account: AccountId,
        stage: StageId,
        at: Time,
    ) -> Result<bool, CommandError> {
        for _ in 0..TRIES {
            let also: Vec<Arc<dyn stage_store::Also>> = vec![Arc::new(Gone { stage, member: account })];
            let act = Act { by: Some(account), also, ..Act::default() };
            let leave = StageCommand::Leave { member: account, at };
            match self.log.execute::<Stage>(stage.0, leave, act).await {
                Err(ExecuteError::Refused(StageError::LastOwner)) => {}
                // Somebody closed it, or removed them, at the same time.
                Err(ExecuteError::Refused(StageError::NotFound | StageError::NoSuchMember)) => {
                    return Ok(false);
                }
                left => return left.map(|_| false).map_err(CommandError::from),
            }
            let loaded = self.log.load::<Stage>(stage.0).await?;
            if !loaded.aggregate.team.is_last_owner(account) {
                continue;
            }
            let act = Act { by: Some(account), expected: Some(loaded.version), ..Act::default() };
            match self.close(stage, &loaded.aggregate, at, act).await {
                Err(CommandError::Version { .. } | CommandError::Busy | CommandError::NotFound(_)) => {}
                closed => return closed.map(|_| true),
            }
        }
        Err(CommandError::Busy)
    }
}
