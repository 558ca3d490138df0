use sqlx::PgPool;

use super::{Projection, all};
use crate::ProjectionError;

/// The consumers of recipients are checkpoints whose names begin so.
const CONSUMER: &str = "outbox_";

/// What an operator sees and may do something to: a projection of this program, or a recipient's consumer. Which
/// recipients are set up is known to the workers alone; their consumers are known by what they left in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub name: String,
    /// Of this program; a consumer's never changes.
    pub version: i32,
}

impl Known {
    /// Whether it enqueues what a recipient is told. It is run like a projection and is never rebuilt.
    #[must_use]
    pub fn is_consumer(&self) -> bool {
        self.name.starts_with(CONSUMER)
    }

    /// The projections, in a fixed order.
    pub(super) fn projections() -> impl Iterator<Item = Self> {
        all().into_iter().map(|projection| Self::from(&*projection))
    }

    /// All of them: the projections, then the consumers by name.
    pub async fn all(pool: &PgPool) -> Result<Vec<Self>, ProjectionError> {
        let consumers: Vec<(String, i32)> = sqlx::query_as(
            "SELECT name, version FROM projection_checkpoints WHERE starts_with(name, $1) ORDER BY name",
        )
        .bind(CONSUMER)
        .fetch_all(pool)
        .await?;
        let consumers = consumers.into_iter().map(|(name, version)| Self { name, version });
        Ok(Self::projections().chain(consumers).collect())
    }
}

impl<P: Projection + ?Sized> From<&P> for Known {
    fn from(projection: &P) -> Self {
        Self { name: projection.name().to_owned(), version: projection.version() }
    }
}
