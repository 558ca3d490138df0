//! What people asked for about their data and what takes more than one transaction: erasures go on until they are
//! finished, files of closed stages are deleted, and restrictions are lifted once the person was told. Any number of
//! processes may do it; whatever was left half-done by one that died is done by the next.

use std::{sync::Arc, time::Duration};

use stage_commands::Commands;
use stage_domain::AccountId;
use stage_projections::{ProjectionError, engine::cause, outbox::Deliveries};
use stage_store::{Log, Mark, Position};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    Clock,
    delivering::recipients::mail::{self, restriction_ends},
};

/// Between two looks. A look that finds nothing costs a handful of queries along indexes.
const EVERY: Duration = Duration::from_secs(2);

/// Who was told of the end of their restriction: everybody up to `position` in the log, but for these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldUpTo {
    pub position: Position,
    pub but_for: Vec<AccountId>,
}

/// The mails that announce the end of a restriction, whichever process sends them. Where mail was never set up, nobody is
/// told, and there is nothing to wait for.
pub struct Notices {
    outbox: Deliveries,
    mark: Mutex<Mark>,
}

impl Notices {
    #[must_use]
    pub fn new(log: &Log) -> Self {
        Self { outbox: Deliveries::new(log.pool().clone()), mark: Mutex::new(Mark::new(log.pool().clone())) }
    }

    pub async fn given(&self) -> Result<ToldUpTo, ProjectionError> {
        // Before it is asked for mail: one that is set up just then begins behind this, and is waited for from the next
        // look on.
        let settled = self.mark.lock().await.advance().await?;
        let position = self.outbox.reached(mail::NAME).await?.unwrap_or(settled);
        // Handed over is not told: a mail that can't be sent yet holds the end of its restriction up, and nobody else's.
        // One that is given up does not. It is asked after the position, so that none is missed that came in between.
        let but_for = self.outbox.waiting_about(restriction_ends::NAME).await?;
        Ok(ToldUpTo { position, but_for })
    }
}

/// Runs until `stop`.
pub async fn run(commands: Commands, notices: Arc<Notices>, clock: Clock, stop: CancellationToken) {
    let mut failing = false;
    loop {
        match look(&commands, &notices, &clock).await {
            Ok(()) => failing = false,
            // Once, not every two seconds.
            Err(cause) if !failing => {
                failing = true;
                tracing::warn!(cause, "what people asked for about their data waits; it is tried again");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Each step is tried whatever became of the other: an erasure that can't finish holds up nobody's end of a restriction.
/// What went wrong first comes back, in words that hold no value.
async fn look(commands: &Commands, notices: &Notices, clock: &Clock) -> Result<(), String> {
    let erasures = finish_erasures(commands, clock).await;
    let restrictions = lift_restrictions(commands, notices, clock).await;
    erasures.and(restrictions)
}

async fn finish_erasures(commands: &Commands, clock: &Clock) -> Result<(), String> {
    let finished = commands.finish_erasures(&**clock).await.map_err(|error| error.to_string())?;
    if finished > 0 {
        tracing::info!(finished, "erasures are finished");
    }
    Ok(())
}

async fn lift_restrictions(commands: &Commands, notices: &Notices, clock: &Clock) -> Result<(), String> {
    let ToldUpTo { position, but_for } = notices.given().await.map_err(|error| cause(&error))?;
    let lifted = commands.lift_restrictions(position, &but_for, clock()).await;
    let lifted = lifted.map_err(|error| error.to_string())?;
    if lifted > 0 {
        tracing::info!(lifted, "restrictions are lifted");
    }
    Ok(())
}
