//! Accounts and sessions.

mod correct;
mod erase;
mod erasures;
mod export;
mod import;
mod links;
mod log_in;
mod object;
mod password;
mod passwords;
mod register;
mod restrict;
pub(crate) mod second_factor;
mod sessions;
mod texts;
mod verify;

pub use correct::Correct;
pub use erasures::Erasure;
pub use export::Disclosure;
pub use import::ImportedAccount;
pub use log_in::NewSession;
pub use password::RESET_LIFE;
pub use passwords::Passwords;
pub use register::Register;
pub use second_factor::{Confirmed, Enrolment, RECOVERY_CODES, Renewed, SecondFactor};
pub use sessions::Session;
pub use verify::VERIFICATION_LIFE;
