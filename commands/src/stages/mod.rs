//! Stages, their topics and their media.

mod add_media;
mod change;
mod close;
mod create;
mod topics;

pub use add_media::MAX_BYTES;
