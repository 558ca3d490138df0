use super::NotCanonical;
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
