//! The read models: for each its tables, how events change it, and its queries; and the engine that runs them.
//!
//! Every read model has the same files: `apply.rs` (how a batch of events changes its tables), `query.rs` (what it
//! answers) and `view.rs` (the shapes of the answers). Nothing is decided here and nothing is fetched. Start
//! with `engine/projection.rs`, then `stages/`: who has seen one has seen all.

pub mod accounts;
mod copy;
pub mod engine;
pub mod error;
pub mod feed;
pub mod heads;
pub mod history;
mod names;
pub mod outbox;
mod rows;
pub mod stages;
mod topic_row;
pub mod views;

pub use error::ProjectionError;

/// All queries of all read models. Cheap to clone.
#[derive(Clone)]
pub struct Reads {
    pub log: stage_store::Log,
    progress: std::sync::Arc<engine::Progress>,
}

impl Reads {
    #[must_use]
    pub fn new(log: stage_store::Log) -> Self {
        Self { log, progress: std::sync::Arc::default() }
    }
}
