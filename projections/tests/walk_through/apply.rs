use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::post::PostEvent;
use stage_projections::{
    ProjectionError,
    engine::{Projection, Rebuild},
};
use stage_store::Recorded;
use uuid::Uuid;

/// The projection `languages`.
pub struct Languages;

#[async_trait]
impl Projection for Languages {
    fn name(&self) -> &'static str {
        "languages"
    }

    fn version(&self) -> i32 {
        1
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let mut posts: BTreeMap<(Uuid, String), i64> = BTreeMap::new();
        for event in batch.iter().filter(|event| event.stream_type == "post") {
            if let PostEvent::PostImported { stage_id, content, .. } = event.event()? {
                *posts.entry((stage_id.0, content.language.unwrap_or_default())).or_default() += 1;
            }
        }
        let (keys, counts): (Vec<_>, Vec<_>) = posts.into_iter().unzip();
        let (stages, languages): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        sqlx::query(
            "INSERT INTO languages (stage_id, language, posts)
             SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bigint[])
             ON CONFLICT (stage_id, language) DO UPDATE SET posts = languages.posts + excluded.posts",
        )
        .bind(stages)
        .bind(languages)
        .bind(counts)
        .execute(tx)
        .await?;
        Ok(())
    }

    fn rebuild(&self) -> Rebuild {
        Rebuild::Shared { passes: &[&["post"]] }
    }
}
