//! What a client may ask for: authorise, load, decide, append. One file a use case, grouped by what it is about.
//!
//! Here live the use cases and the rows that make them safe: sessions, credentials, auditors, idempotency keys,
//! invitations and the poll schedule. Which role each use case needs is in `authorise.rs`. No HTTP and no read model.
//! Start with `stages/create.rs`; every use case reads like it.

pub mod accounts;
pub mod audit;
pub mod auditors;
mod authorise;
mod error;
mod idempotency;
pub mod members;
pub mod posts;
mod request;
pub mod sources;
pub mod stages;
mod sweep;

use chrono::{DateTime, Utc};
use stage_store::{Log, Objects};

pub use authorise::UseCase;
pub use error::{CommandError, Missing};
pub use request::{Actor, Done, IdempotencyKey, Request};
pub use sweep::{IDEMPOTENCY_LIFE, Swept};

/// Everything that use cases need. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    pub log: Log,
    pub objects: Objects,
    pub audit: audit::Audit,
    passwords: accounts::Passwords,
}

impl Commands {
    #[must_use]
    pub fn new(log: Log, objects: Objects) -> Self {
        let audit = audit::Audit::of(log.clone());
        Self { log, objects, audit, passwords: accounts::Passwords::new() }
    }
}

/// A time, as the edge of the program gives it.
pub type Time = DateTime<Utc>;

/// The clock, for what takes so long that the time of the request is not the time when it is done.
pub type Now<'a> = &'a (dyn Fn() -> Time + Send + Sync);
