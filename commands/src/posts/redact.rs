use stage_domain::{
    Decide, PostId, StageId,
    post::{Post, PostCommand, PostEvent, RedactionReason},
};
use stage_store::{Act, Redaction};

use crate::{Actor, CommandError, Commands, Done, Missing, Request, Time, UseCase};

impl Commands {
    /// Takes what a post says out of the log for good, on the request of somebody whom it is about. The post leaves
    /// the stage, and importing it again does not bring it back.
    pub async fn redact_post(
        &self,
        actor: Actor,
        stage: StageId,
        post: PostId,
        reason: RedactionReason,
        request: Request,
    ) -> Result<Done, CommandError> {
        let at = request.at;
        self.once(Some(actor.account), &request, post.0, |mut act| async move {
            self.stage_for(actor, stage, UseCase::RedactPost, &mut act).await?;
            self.redact(Some(stage), post, reason, at, act).await
        })
        .await
    }

    /// The same on the operator's word.
    pub async fn redact_any_post(
        &self,
        post: PostId,
        reason: RedactionReason,
        request: Request,
    ) -> Result<Done, CommandError> {
        let at = request.at;
        self.once(None, &request, post.0, |act| self.redact(None, post, reason, at, act)).await
    }

    async fn redact(
        &self,
        stage: Option<StageId>,
        post: PostId,
        reason: RedactionReason,
        at: Time,
        act: Act,
    ) -> Result<stage_store::Receipt, CommandError> {
        let loaded = self.log.load::<Post>(post.0).await?;
        let home = loaded.aggregate.home.ok_or(CommandError::NotFound(Missing::Post))?;
        if stage.is_some_and(|stage| stage != home.stage_id) {
            return Err(CommandError::NotFound(Missing::Post));
        }
        let events = loaded.aggregate.decide(PostCommand::Redact { reason, at })?;
        let Some(event) = events.first() else {
            // It is redacted already; the answer is kept all the same.
            return Ok(self.log.execute::<Post>(post.0, PostCommand::Redact { reason, at }, act).await?);
        };
        if let Some(expected) = act.expected.filter(|expected| *expected != loaded.version) {
            return Err(CommandError::Version { expected, actual: loaded.version });
        }
        let redaction = Redaction { id: post.0, version: loaded.version, types: &PostEvent::CONTENT, event };
        Ok(self.log.redact::<Post>(redaction, act).await?)
    }
}
