//! Who did what to a stage, when: its own events, those of its sources, and the moderation of its posts.

mod apply;
mod entry;
mod query;
mod view;

pub use apply::History;
pub use view::{HistoryEntry, HistoryPage, Who};
