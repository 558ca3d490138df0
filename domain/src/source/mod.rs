//! A linked source: one feed or social account whose posts a stage imports.

mod command;
mod error;
mod event;
mod state;
mod value;

pub use command::SourceCommand;
pub use error::SourceError;
pub use event::SourceEvent;
pub use state::Source;
pub use value::{Cursor, DEFAULT_INTERVAL, Failure, FailureKind, Network, address, interval};
