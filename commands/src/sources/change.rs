use std::sync::Arc;

use stage_domain::{
    SourceId, StageId, field,
    source::{Source, SourceCommand, interval},
};

use super::schedule::Follow;
use crate::{Actor, CommandError, Commands, Done, Request, UseCase};

impl Commands {
    /// Changes how often a source is polled, or pauses it; `None` leaves a value as it is.
    pub async fn change_source(
        &self,
        actor: Actor,
        stage: StageId,
        source: SourceId,
        interval_minutes: Option<u32>,
        paused: Option<bool>,
        request: Request,
    ) -> Result<Done, CommandError> {
        let mut fields = field::Fields::default();
        let interval_minutes = interval_minutes.map(|minutes| fields.take(interval(minutes)));
        fields.done()?;
        let follow = Arc::new(Follow { source, interval_minutes, paused, at: request.at });
        let command = SourceCommand::Change { interval_minutes, paused, at: request.at };
        self.once(Some(actor.account), &request, source.0, |mut act| async move {
            self.source_for(actor, stage, source, UseCase::ChangeSource, &mut act).await?;
            act.also.push(follow);
            Ok::<_, CommandError>(self.log.execute::<Source>(source.0, command, act).await?)
        })
        .await
    }
}
