//! A stage: an organisation's public page of everything it publishes, with its topics, its media and its team.

mod command;
mod error;
mod event;
mod handle;
mod role;
mod state;
mod team;

pub use command::StageCommand;
pub use error::StageError;
pub use event::StageEvent;
pub use handle::handle;
pub use role::Role;
pub use state::Stage;
pub use team::{Invitation, Team};
