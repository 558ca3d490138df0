//! Counting views: each exactly once, whatever stops or fails, without slowing down a read.
//!
//! ```text
//! http ──► Journal ──► publisher ──► JetStream ──► counter ──► PostgreSQL
//!          a local     many views    carries       sums, adds  counts, and how far
//!          file        a message                               each journal is counted
//!             ▲                                                    │
//!             └──── the file is deleted once it is counted ◄───────┘
//! ```
//!
//! The rule that everything hangs on: a view is in its journal until PostgreSQL says that it is counted, and a
//! message names the journal and the numbers of the records that it holds. So anything may be sent again, by
//! anybody, at any time: the counter takes only the records that follow what is counted, compares and sets that
//! number in the transaction that counts, and what got lost on the way is missed and sent again. Neither the
//! publisher nor JetStream has to remember anything for this.
//!
//! Nothing about readers is here: a record is what was viewed, a journal knows the day.
//!
//! Start with `journal.rs` (what a read does), then `publish/` and `count/`.

pub mod count;
mod error;
mod journal;
mod look;
mod message;
pub mod publish;
mod record;
mod segment;
mod settings;
mod step;
mod stream;
#[cfg(test)]
mod tests;

pub use error::ViewsError;
pub use journal::{Journal, NewId};
pub use look::{Look, look};
pub use settings::Settings;
pub use step::{Step, Steps};
