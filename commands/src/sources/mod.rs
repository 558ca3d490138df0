//! Linked sources, when they are polled, and what is imported from them.

mod change;
mod import;
mod link;
mod poll;
mod schedule;
mod unlink;

pub use import::{Fetched, Imported};
pub use link::MAX_SOURCES;
pub(crate) use link::claimed;
pub use poll::DuePoll;
pub(crate) use schedule::Begin;
pub use schedule::Schedule;
