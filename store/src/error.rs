//! What can go wrong in this room, one cause a variant.

use crate::ClaimKind;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended to the stream first.
    #[error("the stream has changed meanwhile")]
    Conflict,
    /// `If-Match`: the stream is not in the version that the client expected.
    #[error("the stream is in version {actual}, not in {expected}")]
    Version { expected: u64, actual: u64 },
    #[error("{} is taken", .0.as_str())]
    Claimed(ClaimKind),
    /// A unique row written by an [`crate::Also`] was there already; holds the constraint's name.
    #[error("there is such a row already ({0})")]
    Duplicate(String),
    /// The database or its answer: gone, slow, full. Worth another try.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
    #[error("migrating the database failed")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// An event in the log that no code here can read.
    #[error("event {position} of type {event_type} cannot be read")]
    Unreadable {
        position: i64,
        event_type: String,
        #[source]
        source: serde_json::Error,
    },
    /// An event that has no form in JSON. A mistake in the program.
    #[error("an event of type {event_type} cannot be written")]
    Unwritable {
        event_type: String,
        #[source]
        source: serde_json::Error,
    },
    /// Something personal about a person without a key: never registered, or erased meanwhile.
    #[error("there is no key for the person whom this is about")]
    NoSubjectKey,
    /// A condition of the append does not hold any more ([`crate::OnlyIf`]).
    #[error("what the command depends on has changed meanwhile")]
    Unmet,
    /// The master key does not open what was wrapped with it.
    #[error("the master key is not the one that this database was set up with")]
    WrongMasterKey,
    /// A file with a master key cannot be read any more; holds a sentence.
    #[error("{0}")]
    MasterKeys(String),
    #[error("a sealed value was changed or moved")]
    Seal,
    #[error("the object store is not available: {0}")]
    Objects(String),
}

/// Why a command was not carried out: the business refused it, or the store could not.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E: std::error::Error> {
    #[error(transparent)]
    Refused(E),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// By SQLSTATE and by the constraint's name.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Database, Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed};
        match &error {
            Io(_) | Tls(_) | PoolTimedOut | PoolClosed | WorkerCrashed => Self::Unavailable(error),
            Database(refusal) => match refusal.code().unwrap_or_default().as_ref() {
                "23505" => match refusal.constraint().unwrap_or_default() {
                    // Who registers the same id twice at once meets the key before the event.
                    "events_pkey" | "subject_keys_pkey" => Self::Conflict,
                    constraint => Self::Duplicate(constraint.to_owned()),
                },
                code if is_unavailable(code) => Self::Unavailable(error),
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// Whether the same statements may well succeed a moment later: a serialisation failure or a deadlock.
    /// PostgreSQL rolled the transaction back, so nothing of it was done.
    pub(crate) fn is_rolled_back_by_chance(&self) -> bool {
        matches!(self, Self::Database(error) if is_chance(error))
    }

    /// What to tell the caller once there is no use in trying further.
    pub(crate) fn given_up(self) -> Self {
        match self {
            Self::Database(error) if is_chance(&error) => Self::Unavailable(error),
            other => other,
        }
    }
}

fn is_chance(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// Connection trouble (class 08), resources (53), shutting down or starting (57P0x), a time-out (57014, 55P03), and
/// a server that became a standby (25006).
fn is_unavailable(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("53")
        || code.starts_with("57P0")
        || matches!(code, "57014" | "55P03" | "25006")
}
