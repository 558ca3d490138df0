//! Delivering: telling recipients outside what happened.
//!
//! A recipient is one file in `recipients/` behind the trait [`Recipient`]. For each there are two loops: its consumer,
//! which the projector runs, enqueues what the log says (`stage_projections::outbox`); `deliver.rs` sends what is
//! enqueued, one at a time and in order. Of all the processes that run it, one leads (`leader.rs`, `../lead.rs`).
//!
//! What is promised: each event is enqueued exactly once, each delivery is sent at least once with the same idempotency
//! key at every try, and what is sent is what is known at that moment: after an erasure there is nothing to send any
//! more.

mod deliver;
mod leader;
mod metrics;
mod recipient;
pub mod recipients;
mod texts;

use std::sync::Arc;

use futures::future::join_all;
use sqlx::PgPool;
use stage_projections::{
    ProjectionError,
    engine::Projection,
    outbox::{Delivery, Outbox, begin_at_present},
};
use stage_store::{DomainEvent, Log, Position};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use deliver::{Settings, deliver};
pub use recipient::{Learns, Outcome, Parcel, Recipient};

use crate::{Clock, projecting};

/// Lets recipients that are new begin with what happens from now on. To be awaited before anything may happen that they
/// are to be told.
pub async fn set_up(pool: &PgPool, recipients: &[Arc<dyn Recipient>]) -> Result<(), ProjectionError> {
    for recipient in recipients {
        begin_at_present(pool, &**recipient).await?;
    }
    Ok(())
}

/// Enqueues and delivers for these recipients, which are set up, until `stop`.
pub async fn run(
    log: Log,
    recipients: Vec<Arc<dyn Recipient>>,
    settings: Settings,
    wake: watch::Receiver<Position>,
    clock: Clock,
    stop: CancellationToken,
) {
    let loops = recipients.into_iter().map(|recipient| {
        one(log.clone(), recipient, settings.clone(), wake.clone(), clock.clone(), stop.clone())
    });
    join_all(loops).await;
}

async fn one(
    log: Log,
    recipient: Arc<dyn Recipient>,
    settings: Settings,
    wake: watch::Receiver<Position>,
    clock: Clock,
    stop: CancellationToken,
) {
    let consumer: Arc<dyn Projection> = Arc::new(Outbox::new(recipient.clone()));
    tokio::join!(
        projecting::keep_running(&log, consumer, &wake, &stop),
        deliver(log.clone(), recipient, settings, clock, stop.clone()),
    );
}

/// The event that a delivery tells of. Its personal values read as erased.
async fn event_of<E: DomainEvent>(delivery: &Delivery, log: &Log) -> Result<Option<E>, ProjectionError> {
    let Some(position) = delivery.position else { return Ok(None) };
    let found = log.read(position - 1, position, 1).await?;
    Ok(found.first().map(|event| event.event()).transpose()?)
}
