//! What everybody can read. No session, no cookie, nothing about the reader.

pub(crate) mod media;
pub(crate) mod post;
pub(crate) mod posts;
pub(crate) mod stage;
pub(crate) mod views;
