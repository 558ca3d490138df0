//! How projections run: batches and checkpoints in one transaction, what stops them, waiting for them.
//!
//! The loop that calls [`apply`] lives in `workers`. Rebuilding beside the live tables will live here as
//! `rebuild.rs`: it runs the same [`Projection::apply`] with the search path on a shadow schema.

mod checkpoint;
mod failure;
mod projection;
mod status;
mod step;
mod wait;

pub use checkpoint::{Checkpoint, State, take_up};
pub use failure::{cause, is_transient};
pub use projection::{Projection, Rebuild, all};
pub use status::Status;
pub use step::{Outcome, apply};
pub(crate) use wait::Progress;
