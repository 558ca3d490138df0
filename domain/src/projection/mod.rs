//! A read model as the log knows it: what an operator decided about it. What the read models show is elsewhere.

mod command;
mod error;
mod event;
mod state;

pub use command::ProjectionCommand;
pub use error::ProjectionRefusal;
pub use event::ProjectionEvent;
pub use state::{Projection, id};
