//! What surrounds every route: time limit, problems in the reader's language, headers, numbers.

mod cors;
mod finish;
mod headers;
mod language;
mod measure;
mod panics;

pub(crate) use finish::finish;
pub(crate) use language::of_request;
pub(crate) use panics::catch;
