//! A stage: an organisation's public page of everything it publishes, with its topics and its media.

mod command;
mod error;
mod event;
mod handle;
mod state;

pub use command::StageCommand;
pub use error::StageError;
pub use event::StageEvent;
pub use handle::handle;
pub use state::Stage;
