use std::sync::Arc;

use stage_domain::{
    SourceId, StageId, field,
    source::{DEFAULT_INTERVAL, Network, Source, SourceCommand, address, interval},
};
use stage_store::{Act, ClaimChange, ClaimKind};

use super::schedule::Begin;
use crate::{Actor, CommandError, Commands, Done, Request, UseCase};

/// Sources that a stage can have, so that one stage does not keep all others waiting for their polls.
pub const MAX_SOURCES: i64 = 200;

impl Commands {
    /// Links a source; its first poll is due at once. `Done::id` is the source's.
    pub async fn link_source(
        &self,
        actor: Actor,
        stage: StageId,
        network: Network,
        address_: &str,
        interval_minutes: Option<u32>,
        request: Request,
    ) -> Result<Done, CommandError> {
        let mut fields = field::Fields::default();
        let address = fields.take(address(address_));
        let interval_minutes = fields.take(interval(interval_minutes.unwrap_or(DEFAULT_INTERVAL)));
        fields.done()?;

        let source = SourceId(request.new_id);
        let claim = ClaimChange::Take {
            kind: ClaimKind::SourceAddress,
            value: claimed(stage, network, &address),
            owner: source.0,
        };
        let begin = Arc::new(Begin { source, stage, interval_minutes, at: request.at });
        let command =
            SourceCommand::Link { stage_id: stage, network, address, interval_minutes, at: request.at };
        self.once(Some(actor.account), &request, source.0, |mut act| async move {
            self.stage_for(actor, stage, UseCase::LinkSource, &mut act).await?;
            self.has_room(stage).await?;
            act.claims.push(claim);
            act.also.push(begin);
            let act = Act { new: true, ..act };
            Ok::<_, CommandError>(self.log.execute::<Source>(source.0, command, act).await?)
        })
        .await
    }

    async fn has_room(&self, stage: StageId) -> Result<(), CommandError> {
        let linked: i64 = sqlx::query_scalar("SELECT count(*) FROM poll_schedule WHERE stage_id = $1")
            .bind(stage.0)
            .fetch_one(self.log.pool())
            .await?;
        match linked < MAX_SOURCES {
            true => Ok(()),
            false => Err(CommandError::Refused(format!("a stage can have at most {MAX_SOURCES} sources"))),
        }
    }
}

/// What a stage links only once.
pub(crate) fn claimed(stage: StageId, network: Network, address: &str) -> String {
    format!("{stage} {} {address}", network.as_str())
}
