//! An account: a person who uses the dashboard.

mod command;
mod correction;
mod error;
mod event;
mod fields;
mod purpose;
mod state;
#[cfg(test)]
mod tests;

pub use command::{AccountCommand, Registration};
pub use correction::Correction;
pub use error::AccountError;
pub use event::AccountEvent;
pub use fields::email_address;
pub use purpose::Purpose;
pub use state::{Account, Person, Restriction};
