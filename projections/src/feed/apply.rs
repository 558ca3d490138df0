use async_trait::async_trait;
use sqlx::PgConnection;
use stage_store::Recorded;

use super::{assign, fold, fold::Changes, store};
use crate::{
    ProjectionError,
    engine::{Projection, Rebuild},
    rows, topic_row,
};

/// The projection `feed`.
pub struct Feed;

#[async_trait]
impl Projection for Feed {
    fn name(&self) -> &'static str {
        "feed"
    }

    fn version(&self) -> i32 {
        2
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let events = batch.iter().filter_map(fold::read).collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() {
            return Ok(());
        }
        let mut changes = Changes::of(tx, events).await?;

        // Before the sources that go, so that a post that was redacted before is not withdrawn once more.
        let redacted: Vec<_> = changes.redacted.keys().copied().collect();
        rows::delete(tx, "posts", "id", &redacted).await?;
        rows::delete(tx, "assignments", "post_id", &redacted).await?;
        let removed = store::remove(tx, &changes.gone).await?;
        let (withdrawn, heads) = changes.withdrawn(removed);
        store::withdraw(tx, &withdrawn).await?;
        store::heads(tx, &heads).await?;
        let moved: Vec<_> =
            changes.changed.iter().filter(|(_, change)| change.may_move()).map(|(id, _)| *id).collect();
        store::change(tx, &changes.changed).await?;

        let (topics, removed) = rows::split(changes.topics);
        rows::delete(tx, "topics", "id", &removed).await?;
        topic_row::store(tx, &topics).await?;
        let ruled: Vec<_> = topics
            .into_iter()
            .filter(|topic| changes.rules_before.get(&topic.id) != Some(&topic.rules.0))
            .collect();
        assign::topics(tx, &ruled, &removed).await?;

        let new: Vec<_> = changes.new.into_values().collect();
        store::insert(tx, &new).await?;
        assign::posts(tx, &new, &moved).await
    }

    /// Posts after everything else: with all topics and all that is gone known, each is sorted once, and none is
    /// made only to be removed. The rows are the same, because they follow from the end state (see `assign.rs`).
    fn rebuild(&self) -> Rebuild {
        Rebuild::Shared { passes: &[&["stage", "source"], &["post"]] }
    }
}
