use stage_store::Position;

use super::all;
use crate::{ProjectionError, Reads};

/// How far a projection is.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Status {
    pub name: String,
    pub version: i32,
    /// The position of the last event that it applied.
    pub position: Position,
    /// running, paused or failed.
    pub state: String,
    pub error: Option<String>,
    pub failed_position: Option<Position>,
}

impl Reads {
    /// Every projection of this program, in a fixed order; one that never ran is at position 0.
    pub async fn status(&self) -> Result<Vec<Status>, ProjectionError> {
        let mut known: Vec<Status> = sqlx::query_as(
            "SELECT name, version, position, state, error, failed_position FROM projection_checkpoints",
        )
        .fetch_all(self.log.pool())
        .await?;
        let status = |projection: &std::sync::Arc<dyn super::Projection>| {
            let found = known.iter().position(|status| status.name == projection.name());
            found.map(|index| known.swap_remove(index)).unwrap_or_else(|| Status {
                name: projection.name().to_owned(),
                version: projection.version(),
                position: 0,
                state: "running".to_owned(),
                error: None,
                failed_position: None,
            })
        };
        Ok(all().iter().map(status).collect())
    }
}
