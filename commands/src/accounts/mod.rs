//! Accounts and sessions.

mod links;
mod log_in;
mod password;
mod passwords;
mod register;
mod sessions;
mod verify;

pub use log_in::NewSession;
pub use password::RESET_LIFE;
pub use passwords::Passwords;
pub use register::Register;
pub use sessions::Session;
pub use verify::VERIFICATION_LIFE;
