//! Signing the log: a notary takes what was appended into the Merkle tree and signs checkpoints of it. Appending
//! itself knows nothing of it. One process leads; the others wait to take over.

mod metrics;
mod run;
mod watch;

pub use run::{Settings, run};
pub use watch::watch;
