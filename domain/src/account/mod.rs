//! An account: a person who uses the dashboard.

mod command;
mod error;
mod event;
mod state;

pub use command::{AccountCommand, Registration};
pub use error::AccountError;
pub use event::AccountEvent;
pub use state::{Account, Person};
