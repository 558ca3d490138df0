//! Moderation of posts.

mod moderate;

pub use moderate::Moderation;
