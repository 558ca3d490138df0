use super::{CheckpointError, NotCanonical};
use crate::{Position, StoreError};

/// What can go wrong with proofs, one cause a variant.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error(transparent)]
    Store(StoreError),
    /// The migrations for it have not run.
    #[error("the database has not the form that this program needs: run `stage migrate`, or `stage up` once")]
    OldDatabase,
    /// Our own code writes no such event, so somebody else did.
    #[error("the event at position {position} has no leaf")]
    NotCanonical {
        position: Position,
        #[source]
        source: NotCanonical,
    },
    #[error("the log has no checkpoint yet")]
    NoCheckpoint,
    #[error("the checkpoint of {size} events is not right")]
    Checkpoint {
        size: u64,
        #[source]
        source: CheckpointError,
    },
    #[error("the stored tree is not the one that was signed")]
    Tree,
    #[error("there is no event at position {0}")]
    NoEvent(Position),
    #[error("the event at position {0} is not in a checkpoint yet; try again in a moment")]
    NotSigned(Position),
    #[error("the event at position {0} is not the one that was signed")]
    Differs(Position),
    #[error(
        "there is no proof from {from} to {to} events: both must be from 1 to {size}, and the first not the larger"
    )]
    Sizes { from: u64, to: u64, size: u64 },
    /// What came over the wire is not what COPY sends.
    #[error("the database's answer was cut off")]
    Copy,
}

impl From<sqlx::Error> for ProofError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        // No such table, no such column.
        match code.as_deref() {
            Some("42P01" | "42703") => Self::OldDatabase,
            _ => Self::Store(error.into()),
        }
    }
}

impl From<StoreError> for ProofError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            error => Self::Store(error),
        }
    }
}
