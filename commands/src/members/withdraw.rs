use std::sync::Arc;

use stage_domain::{
    InvitationId, StageId,
    stage::{Stage, StageCommand},
};

use super::rows::Forget;
use crate::{Actor, CommandError, Commands, Done, Request, UseCase};

impl Commands {
    /// Takes an invitation back: its link counts no more, and the address is forgotten.
    pub async fn withdraw_invitation(
        &self,
        actor: Actor,
        stage: StageId,
        invitation: InvitationId,
        request: Request,
    ) -> Result<Done, CommandError> {
        let command = StageCommand::WithdrawInvitation { invitation_id: invitation, at: request.at };
        self.once(Some(actor.account), &request, invitation.0, |mut act| async move {
            self.stage_for(actor, stage, UseCase::WithdrawInvitation, &mut act).await?;
            act.also.push(Arc::new(Forget(invitation)));
            Ok::<_, CommandError>(self.log.execute::<Stage>(stage.0, command, act).await?)
        })
        .await
    }
}
