//! Which polls are due, and who carries them out.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use stage_domain::{
    SourceId, StageId,
    source::{Cursor, Network, Source, SourceCommand},
};
use stage_store::StoreError;

use super::schedule::DueNow;
use crate::{Actor, CommandError, Commands, Done, Request, Time, UseCase, stages::IN_USE};

/// A source whose poll is due and now held by one worker.
#[derive(Clone, Debug)]
pub struct DuePoll {
    pub source: SourceId,
    pub network: Network,
    pub address: String,
    pub cursor: Cursor,
}

impl Commands {
    /// Makes the source due now. That is no event: `Done` is where the source stands.
    pub async fn poll_now(
        &self,
        actor: Actor,
        stage: StageId,
        source: SourceId,
        request: Request,
    ) -> Result<Done, CommandError> {
        let at = request.at;
        self.once(Some(actor.account), &request, source.0, |mut act| async move {
            if self.source_for(actor, stage, source, UseCase::PollSource, &mut act).await?.aggregate.paused {
                return Err(CommandError::Refused("the source is paused; let it go on first".to_owned()));
            }
            act.also.push(Arc::new(DueNow { source, at }));
            // Changes nothing, but knows the version that the client expects and what goes with the answer.
            let nothing = SourceCommand::Change { interval_minutes: None, paused: None, at };
            Ok(self.log.execute::<Source>(source.0, nothing, act).await?)
        })
        .await
    }

    /// Takes up to `limit` due polls for this worker; each comes back after `hold` if its worker dies. None is
    /// taken of a stage whose owners are all restricted.
    pub async fn take_due_polls(
        &self,
        now: Time,
        limit: u32,
        hold: Duration,
    ) -> Result<Vec<DuePoll>, CommandError> {
        let hold = TimeDelta::from_std(hold).unwrap_or(TimeDelta::minutes(5));
        let sql = format!(
            "UPDATE poll_schedule SET taken_at = $1, held_until = $1 + $3
             WHERE source_id IN (
                 SELECT source_id FROM poll_schedule s
                 WHERE NOT paused AND due_at <= $1 AND (held_until IS NULL OR held_until <= $1) AND {IN_USE}
                 ORDER BY due_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED)
             RETURNING source_id"
        );
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar(&sql)
            .bind(now)
            .bind(i64::from(limit))
            .bind(hold)
            .fetch_all(self.log.pool())
            .await?;
        let sources = self.log.load_many::<Source>(&ids).await?;
        let due = ids.into_iter().zip(sources).filter(|(_, source)| source.aggregate.is_linked());
        Ok(due
            .map(|(id, source)| DuePoll {
                source: SourceId(id),
                network: source.aggregate.network,
                address: source.aggregate.address,
                cursor: source.aggregate.cursor,
            })
            .collect())
    }

    /// Lets go of every poll that some worker holds. Only for a program that knows that no worker runs.
    pub async fn release_polls(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE poll_schedule SET held_until = NULL WHERE held_until IS NOT NULL")
            .execute(self.log.pool())
            .await?;
        Ok(())
    }

    /// Lets go of polls that this worker took and will not begin, so that they need not wait for their hold to end.
    pub async fn release(&self, sources: &[SourceId]) -> Result<(), StoreError> {
        let ids: Vec<uuid::Uuid> = sources.iter().map(|source| source.0).collect();
        sqlx::query("UPDATE poll_schedule SET held_until = NULL WHERE source_id = ANY($1)")
            .bind(ids)
            .execute(self.log.pool())
            .await?;
        Ok(())
    }

    /// How long until the next poll is due, at most `at_most`.
    pub async fn next_poll_in(&self, now: Time, at_most: Duration) -> Result<Duration, CommandError> {
        let sql = format!(
            "SELECT min(greatest(due_at, coalesce(held_until, due_at))) FROM poll_schedule s
             WHERE NOT paused AND {IN_USE}"
        );
        let due: Option<Time> = sqlx::query_scalar(&sql).fetch_one(self.log.pool()).await?;
        let wait = due.map_or(at_most, |due| (due - now).to_std().unwrap_or(Duration::ZERO));
        Ok(wait.min(at_most))
    }
}
