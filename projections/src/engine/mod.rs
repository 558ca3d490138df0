//! How projections run: batches and checkpoints in one transaction, what stops them, waiting for them, and making their
//! tables anew (`rebuild/`).
//!
//! The loop that calls [`apply`] lives in `workers`. A rebuild runs the same [`Projection::apply`] with the
//! search path on a shadow schema. What an operator may do is in `operate.rs`.

mod checkpoint;
mod failure;
mod known;
mod leaders;
mod operate;
mod projection;
pub mod rebuild;
mod status;
mod step;
mod wait;

pub use checkpoint::{Checkpoint, State, take_up};
pub use failure::{cause, is_transient};
pub use known::Known;
pub use leaders::led;
pub use operate::{OperateError, pause, resume, skip, skipped};
pub use projection::{Projection, Rebuild, all};
pub use status::{Report, Status, reached, report};
pub use step::{Outcome, apply};
pub(crate) use wait::Progress;

/// The schema of a projection's live tables.
fn schema(name: &str) -> String {
    format!("read_{name}")
}
