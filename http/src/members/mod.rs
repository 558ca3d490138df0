//! The team of a stage: who belongs to it, and as what.

pub(crate) mod change;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod role;
