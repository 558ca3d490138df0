//! What surrounds every route: time limit, problems in the reader's language, headers, numbers.

mod cors;
mod finish;
mod headers;
mod hot;
mod language;
mod measure;
mod panics;
mod trace;

pub(crate) use finish::{complete, finish};
pub(crate) use hot::Hot;
pub(crate) use language::of_request;
pub(crate) use measure::Measured;
pub(crate) use panics::catch;
