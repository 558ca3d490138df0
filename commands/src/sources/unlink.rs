use std::sync::Arc;

use stage_domain::{
    SourceId, StageId,
    source::{Source, SourceCommand},
};
use stage_store::{ClaimChange, ClaimKind};

use super::{link::claimed, schedule::End};
use crate::{Actor, CommandError, Commands, Done, Request, UseCase};

impl Commands {
    /// Unlinks a source: it is not polled any more and its posts leave the stage. The same address can be
    /// linked again.
    pub async fn unlink_source(
        &self,
        actor: Actor,
        stage: StageId,
        source: SourceId,
        request: Request,
    ) -> Result<Done, CommandError> {
        let at = request.at;
        self.once(Some(actor.account), &request, source.0, |mut act| async move {
            let linked =
                self.source_for(actor, stage, source, UseCase::UnlinkSource, &mut act).await?.aggregate;
            act.claims.push(ClaimChange::Release {
                kind: ClaimKind::SourceAddress,
                value: claimed(stage, linked.network, &linked.address),
                owner: source.0,
            });
            act.also.push(Arc::new(End { source }));
            let receipt = self.log.execute::<Source>(source.0, SourceCommand::Unlink { at }, act).await?;
            Ok::<_, CommandError>(receipt)
        })
        .await
    }
}
