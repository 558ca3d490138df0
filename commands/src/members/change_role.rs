use std::sync::Arc;

use stage_domain::{
    AccountId, StageId,
    stage::{Role, Stage, StageCommand},
};

use super::rows::Joined;
use crate::{Actor, CommandError, Commands, Done, Request, UseCase};

impl Commands {
    /// Gives a member another role. `Done::id` is the member's account.
    pub async fn change_role(
        &self,
        actor: Actor,
        stage: StageId,
        member: AccountId,
        role: Role,
        request: Request,
    ) -> Result<Done, CommandError> {
        let command = StageCommand::ChangeRole { member, role, at: request.at };
        self.once(Some(actor.account), &request, member.0, |mut act| async move {
            self.stage_for(actor, stage, UseCase::ChangeRole, &mut act).await?;
            act.also.push(Arc::new(Joined { stage, member, role }));
            Ok::<_, CommandError>(self.log.execute::<Stage>(stage.0, command, act).await?)
        })
        .await
    }
}
