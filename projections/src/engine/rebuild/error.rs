use stage_store::{Position, StoreError};

use crate::ProjectionError;

/// Why a rebuild or a comparison ended without its end.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error("{0} cannot be rebuilt: its rows say more than the events do")]
    Never(&'static str),
    #[error("{0} is being rebuilt or compared by another program; wait for it, or end that one first")]
    Busy(&'static str),
    /// Told to stop. What is done stays done.
    #[error("stopped; the same command goes on from here")]
    Interrupted,
    #[error("{name} cannot apply event {position}: {error}")]
    Poison { name: &'static str, position: Position, error: String },
    /// Something in the schema that a copy of its tables would lack.
    #[error("the schema {schema} has {what}, which a rebuild does not make anew")]
    Foreign { schema: String, what: String },
    #[error("the tables of {name} were made by version {tables} and this program has version {program}")]
    OtherVersion { name: &'static str, tables: i32, program: i32 },
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Projection(error.into())
    }
}

impl From<StoreError> for RebuildError {
    fn from(error: StoreError) -> Self {
        Self::Projection(error.into())
    }
}
