use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{PgConnection, PgPool};
use stage_store::{Mark, Recorded, StoreError};
use uuid::Uuid;

use super::{Draft, KeptBack, delivery_id, look_again};
use crate::{
    ProjectionError,
    engine::{Projection, Rebuild, reached},
};

/// Which events a recipient is told of. What it says depends on the event alone.
pub trait Routes: Send + Sync {
    /// Short and for ever: rows are kept under it.
    fn name(&self) -> &'static str;

    /// The name of its consumer among the engine's checkpoints: `outbox_` and its own name.
    fn consumer(&self) -> &'static str;

    fn news(&self, event: &Recorded) -> Result<Vec<News>, StoreError>;
}

/// What an event means for a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Tell(Draft),
    /// What was withheld because this person's data was restricted is looked at once more: the restriction was lifted, or
    /// the person erased.
    Release(Uuid),
}

/// The consumer that enqueues what one recipient is told.
pub struct Outbox {
    routes: Arc<dyn Routes>,
}

impl Outbox {
    #[must_use]
    pub fn new(routes: Arc<dyn Routes>) -> Self {
        Self { routes }
    }
}

#[async_trait]
impl Projection for Outbox {
    fn name(&self) -> &'static str {
        self.routes.consumer()
    }

    /// Never raised: nothing is built anew here. A recipient that wants to know more is told of what comes.
    fn version(&self) -> i32 {
        1
    }

    fn rebuild(&self) -> Rebuild {
        Rebuild::Never
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let mut drafts = Vec::new();
        // What came with an archive happened elsewhere, and was told there.
        for event in batch.iter().filter(|event| !event.is_restored()) {
            for news in self.routes.news(event)? {
                match news {
                    News::Tell(draft) => drafts.push((event, draft)),
                    News::Release(subject) => {
                        // In the order of the log, should the same batch enqueue something about them.
                        self.enqueue(tx, &std::mem::take(&mut drafts)).await?;
                        look_again(tx, self.routes.name(), KeptBack::About(subject)).await?;
                    }
                }
            }
        }
        self.enqueue(tx, &drafts).await
    }
}

impl Outbox {
    async fn enqueue(
        &self,
        tx: &mut PgConnection,
        drafts: &[(&Recorded, Draft)],
    ) -> Result<(), ProjectionError> {
        if drafts.is_empty() {
            return Ok(());
        }
        let recipient = self.routes.name();
        let id = |(event, draft): &(&Recorded, Draft)| {
            delivery_id(recipient, &format!("{}/{}", event.position, draft.part))
        };
        sqlx::query(
            "INSERT INTO outbox.deliveries
                 (id, recipient, lane, kind, position, about, subject, created_at, due_at)
             SELECT id, $1, lane, kind, position, about, subject, at, at
             FROM UNNEST($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], $7::uuid[],
                     $8::timestamptz[])
                 WITH ORDINALITY AS new (id, lane, kind, position, about, subject, at, place)
             ORDER BY place
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(recipient)
        .bind(drafts.iter().map(id).collect::<Vec<_>>())
        .bind(drafts.iter().map(|(_, draft)| draft.lane.as_str()).collect::<Vec<_>>())
        .bind(drafts.iter().map(|(_, draft)| draft.kind).collect::<Vec<_>>())
        .bind(drafts.iter().map(|(event, _)| event.position).collect::<Vec<_>>())
        .bind(drafts.iter().map(|(_, draft)| draft.about).collect::<Vec<_>>())
        .bind(drafts.iter().map(|(_, draft)| draft.subject).collect::<Vec<_>>())
        .bind(drafts.iter().map(|(event, _)| event.recorded_at).collect::<Vec<_>>())
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// How long a new recipient waits for appends that are open when it begins. Then it begins before them.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lets a recipient that is new begin with what happens from now on. Does nothing for one that is known.
///
/// It begins at the high-water mark and not at the last event that can be seen, because an append that is still open may
/// have a lower position: its event happens from now on, and would never be told.
pub async fn begin_at_present(pool: &PgPool, routes: &dyn Routes) -> Result<(), ProjectionError> {
    let known = "SELECT EXISTS (SELECT FROM projection_checkpoints WHERE name = $1)";
    if sqlx::query_scalar(known).bind(routes.consumer()).fetch_one(pool).await? {
        return Ok(());
    }
    let mut mark = Mark::new(pool.clone());
    mark.raise(reached(pool).await?);
    sqlx::query(
        "INSERT INTO projection_checkpoints (name, version, position) VALUES ($1, 1, $2)
         ON CONFLICT (name) DO NOTHING",
    )
    .bind(routes.consumer())
    .bind(mark.look(PATIENCE).await?)
    .execute(pool)
    .await?;
    Ok(())
}
