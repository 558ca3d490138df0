//! Projecting: following the log and applying it to the read models.
//!
//! Each projection has a loop of its own (`run.rs`), so that one that stops or lags holds up no other. Of all
//! the processes that run the loop, one leads (`leader.rs`, `../lead.rs`); the others wait to take over.
//! A program whose projection is newer than the tables builds new ones beside the old program first (`renew.rs`). What an
//! operator sees of all of this is read from the database (`watch.rs`), so that any process can show it.

mod leader;
mod metrics;
mod renew;
mod run;
mod supervise;
mod watch;

pub use run::run;
pub(crate) use supervise::keep_running;
pub use supervise::run_all;
pub use watch::watch;
