//! Moderation of posts.

mod moderate;
mod redact;

pub use moderate::Moderation;
