//! How often a stage or a post was viewed: numbers that only rise, and nothing about who looked.
//!
//! This read model is not made from the log: views are counted from journals (see `stage_workers::views`), and
//! how far each journal is counted is written in the same transaction as the counts.

mod apply;
mod query;
#[cfg(test)]
mod tests;
mod view;

pub use apply::{count, finish, sweep};
pub(crate) use query::of_row;
pub use query::{counted, counted_all};
pub use view::{CountError, Counts, DayCounts, Part, ViewBatch, Viewed, Viewer};
