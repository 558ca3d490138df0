//! How answers are written: receipts of commands, and public reads with their conditions.

mod public;
mod receipt;

pub(crate) use public::{Reader, etag, json};
pub(crate) use receipt::{POSITION, Receipt};
