//! Which stages there are, with their topics and linked sources.

mod apply;
mod query;
mod row;
mod store;
mod view;

pub use apply::Stages;
pub use view::{SourceView, StageView};
