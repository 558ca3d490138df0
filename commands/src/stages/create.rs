use std::sync::Arc;

use stage_domain::{
    StageId, field,
    stage::{Role, Stage, StageCommand, handle},
};
use stage_store::{Act, ClaimChange, ClaimKind};

use super::owners::Owned;
use crate::{Actor, CommandError, Commands, Done, Request, members::Joined};

impl Commands {
    /// Creates a stage, of which the person is the first owner, and claims its handle. `Done::id` is the stage's.
    pub async fn create_stage(
        &self,
        actor: Actor,
        name: &str,
        handle_: &str,
        request: Request,
    ) -> Result<Done, CommandError> {
        let mut fields = field::Fields::default();
        let name = fields.take(field::line("name", name, 100));
        let handle = fields.take(handle(handle_));
        fields.done()?;

        let stage = StageId(request.new_id);
        let claim = ClaimChange::Take { kind: ClaimKind::Handle, value: handle.clone(), owner: stage.0 };
        let command = StageCommand::Create { owner: actor.account, name, handle, at: request.at };
        self.once(Some(actor.account), &request, stage.0, |mut act| {
            act.claims.push(claim);
            act.also.push(Arc::new(Owned { stage, owner: actor.account }));
            act.also.push(Arc::new(Joined { stage, member: actor.account, role: Role::Owner }));
            let act = Act { new: true, living: Some(actor.account), ..act };
            self.log.execute::<Stage>(stage.0, command, act)
        })
        .await
    }
}
