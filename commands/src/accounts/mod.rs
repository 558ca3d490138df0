//! Accounts and sessions.

mod log_in;
mod passwords;
mod register;
mod sessions;

pub use log_in::NewSession;
pub use passwords::Passwords;
pub use register::Register;
pub use sessions::Session;
