//! Invitations to a stage's team.

pub(crate) mod accept;
pub(crate) mod list;
pub(crate) mod send;
pub(crate) mod withdraw;
