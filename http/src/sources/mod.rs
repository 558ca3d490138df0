//! Linked sources of a stage.

pub(crate) mod change;
pub(crate) mod link;
pub(crate) mod poll;
pub(crate) mod unlink;
pub(crate) mod view;
