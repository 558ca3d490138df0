//! The loops: what the program does without being asked.
//!
//! Here live counting views (`views`), polling sources (`polling`), running the projections (`projecting`), signing the
//! log (`notary`), telling recipients outside (`delivering`), telling a hub of changed feeds (`websub`), taking away what
//! has outlived its use (`sweeping`), and finishing what people asked for about their data (`rights`).
//! A loop only moves things along: what is decided lives in `domain` and `commands`, what is stored in
//! `store` and `projections`. Every loop ends soon after its token is cancelled, goes on after any failure of a
//! service, and may run in any number of processes at once. The clock comes in from the program.
//!
//! Start with `views/mod.rs`, which draws the way of a view from the reader to the count.

mod backoff;
pub mod delivering;
mod lead;
pub mod notary;
pub mod polling;
pub mod projecting;
pub mod rights;
pub mod sweeping;
pub mod views;
pub mod websub;

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// What time it is. The program passes `Utc::now`; a test decides.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
