//! What people asked for about their data and what takes more than one transaction: erasures go on until they are
//! finished, files of closed stages are deleted, and restrictions are lifted once the person was told. Any number of
//! processes may do it; whatever was left half-done by one that died is done by the next.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use stage_commands::{CommandError, Commands};
use stage_projections::{ProjectionError, engine::cause, outbox::Deliveries};
use stage_store::{Log, Mark, Position};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    Clock,
    delivering::{Recipient, recipients::mail::restriction_ends},
};

/// Between two looks. A look that finds nothing costs three queries along indexes.
const EVERY: Duration = Duration::from_secs(2);

/// Up to where in the log whatever there is to tell anybody was handed to those who tell it.
#[async_trait]
pub trait Told: Send + Sync {
    async fn told(&self) -> Result<Position, ProjectionError>;
}

/// The outbox of these recipients. Where there is none, nobody is told, and there is nothing to wait for.
pub struct HandedOver {
    outbox: Deliveries,
    recipients: Vec<&'static str>,
    mark: Mutex<Mark>,
}

impl HandedOver {
    #[must_use]
    pub fn new(log: &Log, recipients: &[Arc<dyn Recipient>]) -> Self {
        Self {
            outbox: Deliveries::new(log.pool().clone()),
            recipients: recipients.iter().map(|recipient| recipient.name()).collect(),
            mark: Mutex::new(Mark::new(log.pool().clone())),
        }
    }
}

#[async_trait]
impl Told for HandedOver {
    async fn told(&self) -> Result<Position, ProjectionError> {
        let mark = self.mark.lock().await.advance().await?;
        let status = self.outbox.status().await?;
        let ours = status.iter().filter(|recipient| self.recipients.contains(&recipient.recipient.as_str()));
        let handed_over = ours.map(|recipient| recipient.position).min().unwrap_or(mark);
        // Handed over is not told: a mail that can't be sent yet holds the end of its restriction up. One that is given up
        // does not.
        let unsent = self.outbox.first_waiting(restriction_ends::NAME).await?;
        Ok(unsent.map_or(handed_over, |position| handed_over.min(position - 1)))
    }
}

/// Runs until `stop`.
pub async fn run(commands: Commands, told: Arc<dyn Told>, clock: Clock, stop: CancellationToken) {
    let mut failing = false;
    loop {
        match look(&commands, &*told, &clock).await {
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

/// What went wrong comes back in words that hold no value.
async fn look(commands: &Commands, told: &dyn Told, clock: &Clock) -> Result<(), String> {
    let failed = |error: CommandError| error.to_string();
    let finished = commands.finish_erasures(clock()).await.map_err(failed)?;
    if finished > 0 {
        tracing::info!(finished, "erasures are finished");
    }
    let told = told.told().await.map_err(|error| cause(&error))?;
    let lifted = commands.lift_restrictions(told, clock()).await.map_err(failed)?;
    if lifted > 0 {
        tracing::info!(lifted, "restrictions are lifted");
    }
    Ok(())
}
