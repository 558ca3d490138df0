//! The event log.
//!
//! A command comes in through `execute`, which drives cqrs-es over our `repository`; `append` takes decisions that
//! were made already, for several streams at once. Both end in `write`. `load` reads streams; `mark`, `read` and
//! `follow` read the whole log in order. `replay` reads one stream at a past moment; `status` says how the log is.

use std::sync::Arc;

use sqlx::PgPool;

use crate::{Keyring, Position};

mod act;
mod append;
mod dossier;
mod execute;
mod follow;
mod load;
mod mark;
mod read;
mod recorded;
mod redact;
pub mod replay;
mod repository;
mod restore;
pub mod status;
mod upcast;
mod write;

pub use act::{Act, Also, Appended, OnlyIf, Receipt};
pub use append::Batch;
pub use dossier::Deed;
pub use follow::Follower;
pub use load::Loaded;
pub use mark::Mark;
pub use read::{Ahead, Reader};
pub use recorded::Recorded;
pub use redact::Redaction;
pub use replay::Moment;
pub use restore::{Restoration, Restored};

/// Told of every append, after it is committed. A hint, never the truth.
pub trait Hint: Send + Sync {
    fn appended(&self, position: Position);
}

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    pool: PgPool,
    keyring: Arc<Keyring>,
    hint: Arc<dyn Hint>,
}

impl Log {
    #[must_use]
    pub fn new(pool: PgPool, keyring: Keyring, hint: Arc<dyn Hint>) -> Self {
        Self { pool, keyring: Arc::new(keyring), hint }
    }

    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }
}
