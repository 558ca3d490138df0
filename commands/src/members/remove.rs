use std::sync::Arc;

use stage_domain::{
    AccountId, StageId,
    stage::{Stage, StageCommand},
};

use super::rows::Gone;
use crate::{Actor, CommandError, Commands, Done, Request, UseCase};

impl Commands {
    /// Ends a membership: one's own, or as an owner somebody else's. `Done::id` is the member's account.
    pub async fn remove_member(
        &self,
        actor: Actor,
        stage: StageId,
        member: AccountId,
        request: Request,
    ) -> Result<Done, CommandError> {
        let at = request.at;
        let (use_case, command) = match member == actor.account {
            true => (UseCase::Leave, StageCommand::Leave { member, at }),
            false => (UseCase::RemoveMember, StageCommand::RemoveMember { member, at }),
        };
        self.once(Some(actor.account), &request, member.0, |mut act| async move {
            self.stage_for(actor, stage, use_case, &mut act).await?;
            act.also.push(Arc::new(Gone { stage, member }));
            Ok::<_, CommandError>(self.log.execute::<Stage>(stage.0, command, act).await?)
        })
        .await
    }
}
