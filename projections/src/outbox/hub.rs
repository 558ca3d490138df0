use std::collections::BTreeMap;

use sqlx::{PgConnection, PgExecutor};
use stage_store::Position;

use crate::{ProjectionError, heads::moved, stages::SHOWN};

/// Which stages a WebSub hub has to be told of, and how far it was told. Not a delivery for each event: what is told is that a
/// feed is another one now, so whatever happened since the last time is told at once, and only when it can be read.
pub struct Hub {
    address: String,
}

/// What a hub was not told yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unheard {
    /// The handles of the stages whose feeds are others now, with their heads. A stage that nobody sees is none of them.
    pub handles: BTreeMap<String, Heads>,
    /// Where its heads are, once it is told.
    heads: Heads,
}

/// Up to where something changed; another change raises one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    stages: Position,
    feed: Position,
}

#[derive(sqlx::FromRow)]
struct Row {
    handle: Option<String>,
    stages: Option<Position>,
    feed: Option<Position>,
}

impl Hub {
    #[must_use]
    pub fn new(address: String) -> Self {
        Self { address }
    }

    /// Lets a hub that is new begin with what changes from now on.
    pub async fn begin(&self, executor: impl PgExecutor<'_>) -> Result<(), ProjectionError> {
        sqlx::query(
            "INSERT INTO outbox.hubs (hub, stages, feed)
             SELECT $1, (SELECT coalesce(max(position), 0) FROM read_stages.heads),
                        (SELECT coalesce(max(position), 0) FROM read_feed.heads)
             ON CONFLICT (hub) DO NOTHING",
        )
        .bind(&self.address)
        .execute(executor)
        .await?;
        Ok(())
    }

    /// What changed since, in one small statement (see `heads.rs`).
    pub async fn unheard(&self, connection: &mut PgConnection) -> Result<Unheard, ProjectionError> {
        let rows: Vec<Row> = sqlx::query_as(&format!(
            "SELECT s.handle, moved.stages, moved.feed
             FROM ({}) AS moved LEFT JOIN read_stages.stages s ON s.id = moved.stage_id AND {SHOWN}",
            moved(
                "(SELECT stages FROM outbox.hubs WHERE hub = $1)",
                "(SELECT feed FROM outbox.hubs WHERE hub = $1)"
            )
        ))
        .bind(&self.address)
        .fetch_all(connection)
        .await?;
        let mut unheard = Unheard::default();
        for row in rows {
            unheard.heads.rise(&row);
            if let Some(handle) = row.handle.clone() {
                unheard.handles.entry(handle).or_default().rise(&row);
            }
        }
        Ok(unheard)
    }

    /// Notes that the hub was told.
    pub async fn heard(
        &self,
        connection: &mut PgConnection,
        unheard: &Unheard,
    ) -> Result<(), ProjectionError> {
        sqlx::query(
            "UPDATE outbox.hubs SET stages = greatest(stages, $2), feed = greatest(feed, $3) WHERE hub = $1",
        )
        .bind(&self.address)
        .bind(unheard.heads.stages)
        .bind(unheard.heads.feed)
        .execute(connection)
        .await?;
        Ok(())
    }
}

impl Heads {
    fn rise(&mut self, row: &Row) {
        self.stages = self.stages.max(row.stages.unwrap_or_default());
        self.feed = self.feed.max(row.feed.unwrap_or_default());
    }
}

impl Unheard {
    /// Whether nothing changed at all, seen or not.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
