//! The domain: what happened, what may happen, and why not.
//!
//! Here live the aggregates (`account`, `stage`, `source`, `post`, `access` for who looked at a person's data, and
//! `projection` for what operators decide), their commands and events, and the value types that they share. Everything
//! is pure: no I/O, no SQL, no HTTP, no clock and no randomness;
//! times and ids come in with the command. What a topic matches (`topics`) is decided here too.
//!
//! Every aggregate has the same files: `command.rs` (imperative), `event.rs` (past tense, versioned),
//! `state.rs` (decide and apply), `error.rs` (refusals, as the business says them). Start with
//! `stage/state.rs`: who has read one has read all.

pub mod access;
pub mod account;
pub mod aggregate;
pub mod field;
pub mod ids;
pub mod language;
pub mod personal;
pub mod post;
pub mod projection;
pub mod source;
pub mod stage;
pub mod topics;

pub use aggregate::{Decide, run};
pub use field::{FieldError, Invalid};
pub use ids::{AccountId, AuditorId, InvitationId, MediaId, PostId, SessionId, SourceId, StageId, TopicId};
pub use language::Language;
pub use personal::Personal;
