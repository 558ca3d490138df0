//! A post: something that the organisation published on one of its linked sources.

mod command;
mod content;
mod error;
mod event;
mod redaction;
mod state;

pub use command::PostCommand;
pub use content::{Media, MediaKind, PostContent};
pub use error::PostError;
pub use event::PostEvent;
pub use redaction::RedactionReason;
pub use state::Post;
