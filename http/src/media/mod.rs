//! Uploaded files.

pub(crate) mod add;
pub(crate) mod file;
