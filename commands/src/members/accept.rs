use std::sync::Arc;

use secrecy::SecretString;
use stage_domain::stage::{Stage, StageCommand};

use super::{
    rows::{Forget, Joined},
    token,
};
use crate::{Actor, CommandError, Commands, Done, Missing, Request};

impl Commands {
    /// Joins the stage that the token invites to. Whoever holds the token reads the mails that it was sent to, so it does
    /// not matter which address the account has. `Done::id` is the stage's.
    pub async fn accept_invitation(
        &self,
        actor: Actor,
        token: &SecretString,
        request: Request,
    ) -> Result<Done, CommandError> {
        let (stage, invitation) = token::read(self.log.keyring(), token)?;
        let (member, at) = (actor.account, request.at);
        let command = StageCommand::AcceptInvitation { invitation_id: invitation, member, at };
        self.once(Some(actor.account), &request, stage.0, |mut act| async move {
            let team = self.log.load::<Stage>(stage.0).await?.aggregate.team;
            let none = CommandError::NotFound(Missing::Invitation);
            let role = team.invitation(invitation, at).ok_or(none)?.role;
            // An erasure that comes at the same time ends this membership too.
            act.living = Some(member);
            act.also.push(Arc::new(Joined { stage, member, role }));
            act.also.push(Arc::new(Forget(invitation)));
            Ok::<_, CommandError>(self.log.execute::<Stage>(stage.0, command, act).await?)
        })
        .await
    }
}
