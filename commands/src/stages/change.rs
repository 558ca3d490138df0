use stage_domain::{
    StageId, field,
    stage::{Stage, StageCommand, handle},
};
use stage_store::{Act, ClaimChange, ClaimKind, Loaded, Receipt};

use crate::{
    Actor, CommandError, Commands, Done, Request, UseCase,
    authorise::{allowed, while_member},
};

/// How often a change is decided anew when others change the stage meanwhile.
const TRIES: usize = 5;

impl Commands {
    /// Changes a stage's name, its handle or both; `None` leaves a value as it is. The old handle is free at once.
    pub async fn change_stage(
        &self,
        actor: Actor,
        stage: StageId,
        name: Option<&str>,
        handle_: Option<&str>,
        request: Request,
    ) -> Result<Done, CommandError> {
        let mut fields = field::Fields::default();
        let name = name.map(|name| fields.take(field::line("name", name, 100)));
        let handle = handle_.map(|value| fields.take(handle(value)));
        fields.done()?;
        let command = StageCommand::Change { name, handle: handle.clone(), at: request.at };
        self.once(Some(actor.account), &request, stage.0, |act| {
            self.change_with_claims(actor, stage, handle, command, act)
        })
        .await
    }

    /// Which claim is given back depends on the stage's present handle, so the change is bound to the version
    /// that was looked at, and looked at again when that has passed.
    async fn change_with_claims(
        &self,
        actor: Actor,
        stage: StageId,
        handle: Option<String>,
        command: StageCommand,
        act: Act,
    ) -> Result<Receipt, CommandError> {
        for _ in 0..TRIES {
            let loaded = self.log.load::<Stage>(stage.0).await?;
            let moves = handle.as_ref().is_some_and(|handle| *handle != loaded.aggregate.handle);
            let use_case = if moves { UseCase::MoveStage } else { UseCase::RenameStage };
            allowed(&loaded.aggregate, actor.account, use_case)?;
            let asked = act.expected;
            let claims = claims(stage, &loaded, handle.as_deref());
            let only_if = Some(while_member(actor.account, stage, use_case));
            let act = Act { expected: asked.or(Some(loaded.version)), only_if, claims, ..act.clone() };
            match self.log.execute::<Stage>(stage.0, command.clone(), act).await.map_err(Into::into) {
                Err(CommandError::Version { .. }) if asked.is_none() => {}
                other => return other,
            }
        }
        Err(CommandError::Busy)
    }
}

fn claims(stage: StageId, loaded: &Loaded<Stage>, handle: Option<&str>) -> Vec<ClaimChange> {
    let (kind, owner) = (ClaimKind::Handle, stage.0);
    match handle.filter(|handle| *handle != loaded.aggregate.handle) {
        Some(handle) => vec![
            ClaimChange::Take { kind, value: handle.to_owned(), owner },
            ClaimChange::Release { kind, value: loaded.aggregate.handle.clone(), owner },
        ],
        None => vec![],
    }
}
