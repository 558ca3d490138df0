//! The second factor of one's own account.

pub(crate) mod begin;
pub(crate) mod confirm;
pub(crate) mod end;
pub(crate) mod read;
pub(crate) mod renew;
