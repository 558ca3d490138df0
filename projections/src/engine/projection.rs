use std::sync::Arc;

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_store::Recorded;

use crate::{ProjectionError, accounts::Accounts, feed::Feed, stages::Stages};

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
}

/// Every projection there is, one a line.
#[must_use]
pub fn all() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(Accounts), //
        Arc::new(Stages),
        Arc::new(Feed),
    ]
}
