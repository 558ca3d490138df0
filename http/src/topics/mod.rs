//! Topics of a stage.

pub(crate) mod body;
pub(crate) mod change;
pub(crate) mod define;
pub(crate) mod preview;
pub(crate) mod remove;
