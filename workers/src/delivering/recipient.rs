use std::{io, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use stage_connectors::outward::SendError;
use stage_domain::AccountId;
use stage_projections::{
    ProjectionError,
    outbox::{Delivery, Routes},
};
use stage_store::Log;

/// Somebody outside who is told of events.
#[async_trait]
pub trait Recipient: Routes {
    /// The shortest time between two sends.
    fn pace(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether it is told when something is wrong with the system itself.
    fn hears_alerts(&self) -> bool {
        false
    }

    /// Takes away what is kept here besides the outbox and has outlived its use.
    fn sweep(&self, _now: DateTime<Utc>) -> io::Result<()> {
        Ok(())
    }

    /// Makes what is sent of what is known now. Fails only when the database does; the delivery then waits.
    async fn prepare(&self, delivery: &Delivery, log: &Log) -> Result<Parcel<'_>, ProjectionError>;
}

/// A delivery just before it is sent.
pub enum Parcel<'a> {
    /// Sends when it is awaited, and not before.
    Ready(BoxFuture<'a, Outcome>),
    /// The same, but only to one who was told something about this person before.
    ForWhoKnows { subject: AccountId, learns: Learns, send: BoxFuture<'a, Outcome> },
    /// It must not or need not be sent; says why, in one of our own words.
    Withheld(&'static str),
}

/// What one who has a person's data learns about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learns {
    /// What is right now: it is disclosed once more.
    WhatIsRight,
    /// That it is wrong, and nothing in its place.
    ThatItIsWrong,
    /// That it is to be forgotten.
    ToForget,
}

/// What became of a try.
pub type Outcome = Result<(), SendError>;
