//! Projecting: following the log and applying it to the read models.
//!
//! Each projection has a loop of its own (`run.rs`), so that one that stops or lags holds up no other. Of all
//! the processes that run the loop, one leads (`leader.rs`); the others wait to take over.

mod leader;
mod metrics;
mod run;
mod supervise;

pub use run::run;
pub(crate) use supervise::keep_running;
pub use supervise::run_all;
