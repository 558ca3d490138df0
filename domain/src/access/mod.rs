//! Which auditors had a person's values opened.
//!
//! A stream of its own beside the person's account, under the same id, so that being looked at never changes the
//! version of the account, which its owner may just be changing.

mod command;
mod error;
mod event;
mod state;

pub use command::AccessCommand;
pub use error::AccessError;
pub use event::AccessEvent;
pub use state::Access;
