//! What a stage shows: its posts by time, with the topics each belongs to and why.
//!
//! `apply.rs` folds a batch into what it changes in the end (`fold.rs`), writes that (`store.rs`), and then sorts
//! the posts into topics (`assign.rs`). That order is allowed because the assignments of a post
//! follow from its present content, a person's own assignment and the stage's present topics alone.

mod apply;
mod assign;
mod changes;
mod cursor;
mod fold;
mod preview;
mod query;
mod row;
mod search;
mod store;
mod view;

pub use apply::Feed;
pub use changes::Known;
pub use stage_domain::topics::Reason;
pub use view::{
    AssignedTopic, ChangesPage, FeedPage, FeedQuery, PostChange, PostState, PostView, PreviewedPost,
    TopicPreview,
};
