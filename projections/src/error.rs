use stage_store::{Position, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the read model is not available")]
    Unavailable(#[from] sqlx::Error),
    /// An event that the projection cannot apply: it stops there, and only it.
    #[error("{projection} cannot apply event {position}: {error}")]
    Poison { projection: &'static str, position: Position, error: String },
    /// The projections did not reach the position in time.
    #[error("position {wanted} was not reached in time; the read models are at {reached}")]
    Behind { wanted: Position, reached: Position },
    /// A cursor that this program did not give out.
    #[error("the cursor is not one of ours")]
    Cursor,
}
