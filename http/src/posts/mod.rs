//! Posts of a stage, for those who moderate it.

pub(crate) mod assign;
pub(crate) mod filter;
pub(crate) mod hide;
pub(crate) mod list;
pub(crate) mod pin;
pub(crate) mod redact;
pub(crate) mod show;
pub(crate) mod unpin;
pub(crate) mod view;
