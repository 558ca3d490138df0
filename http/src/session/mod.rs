//! Sessions of the dashboard: logging in and out, and which there are.

pub(crate) mod cookies;
pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod log_in;
pub(crate) mod log_out;
pub(crate) mod read;
