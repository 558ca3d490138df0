//! Stages, their topics and their media.

mod add_media;
mod change;
mod close;
mod create;
mod owners;
mod topics;
mod uploads;

pub use add_media::MAX_BYTES;
pub(crate) use add_media::{Belongs, object_key};
pub(crate) use owners::{IN_USE, Owned};
pub use uploads::UPLOAD_LIFE;
