//! Which stages there are, with their topics, linked sources and teams.

mod apply;
mod member;
mod query;
mod row;
mod store;
mod view;

pub use apply::Stages;
pub(crate) use query::SHOWN;
pub use view::{MemberView, SourceView, StageView};
