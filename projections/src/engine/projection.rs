use std::sync::Arc;

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_store::Recorded;

use crate::{ProjectionError, accounts::Accounts, feed::Feed, history::History, stages::Stages};

/// A read model: tables of its own, and how a batch of events changes them.
#[async_trait]
pub trait Projection: Send + Sync {
    /// Its tables live in the PostgreSQL schema `read_` + name.
    fn name(&self) -> &'static str;

    /// Raised with every change after which tables made by older code are no longer right.
    fn version(&self) -> i32;

    /// Applies events in their order, inside a transaction that also moves the checkpoint. The search path is the
    /// projection's schema, so tables are named without one. The outcome depends on the events alone, not
    /// on how they were cut into batches, nor on the clock: a rebuild must make the same rows.
    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError>;

    /// How its tables are made anew from the log. What stands here by default is right for every projection
    /// whose rows follow from the events alone.
    fn rebuild(&self) -> Rebuild {
        Rebuild::InOrder
    }

    /// SQL that makes its tables, indexes and constraints, named without a schema. Only for one whose tables are no
    /// longer those that the migrations made: its next version brings its tables along, so that they are
    /// built beside the old ones.
    fn tables(&self) -> Option<&'static str> {
        None
    }
}

/// How a rebuild goes through the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// Not at all, because its rows say more than the events do: an outbox knows what it has delivered.
    Never,
    /// All events, one after the other.
    InOrder,
    /// In several passes over the log, each for the events of some types of streams and no other. Within a
    /// pass, the events of one stage (of an account) stay in their order and with one worker; those of different stages
    /// are applied at the same time.
    Shared {
        /// The types of streams of each pass. Rows must not depend on whether an event of an earlier pass comes
        /// before or after one of a later pass.
        passes: &'static [&'static [&'static str]],
    },
}

/// Every projection there is, one a line.
#[must_use]
pub fn all() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(Accounts), //
        Arc::new(Stages),
        Arc::new(Feed),
        Arc::new(History),
    ]
}
