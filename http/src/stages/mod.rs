//! Stages for those who manage them.

pub(crate) mod change;
pub(crate) mod close;
pub(crate) mod create;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod view;
