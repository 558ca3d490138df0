//! Reading the log from outside: pages of events, and a stream at a past moment.
//!
//! Personal values are opened for those alone who may see them, and each time is an event (`access.rs`), which is
//! written before anything is handed out.

mod access;
mod event;
mod events;
mod fold;
mod sight;
mod stream;

use std::sync::Arc;

use sqlx::PgPool;
use stage_store::{Log, Mark};
use tokio::sync::Mutex;

pub use event::{AuditedEvent, PersonalMark};
pub use events::Page;
pub use sight::Sight;
pub use stream::{StreamAt, StreamQuestion};

/// What these use cases need. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    pool: PgPool,
    /// Opens what is personal. Absent where there is no master key.
    log: Option<Log>,
    mark: Arc<Mutex<Mark>>,
}

impl Audit {
    /// For reading without a master key: personal values stay sealed.
    #[must_use]
    pub fn sealed(pool: PgPool) -> Self {
        let mark = Arc::new(Mutex::new(Mark::new(pool.clone())));
        Self { pool, log: None, mark }
    }

    #[must_use]
    pub fn of(log: Log) -> Self {
        Self { log: Some(log.clone()), ..Self::sealed(log.pool().clone()) }
    }
}
