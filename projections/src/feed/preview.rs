use std::{collections::HashMap, sync::Arc};

use stage_domain::{
    StageId, TopicId,
    topics::{Matcher, Reason, Rules, Topic},
};
use uuid::Uuid;

use super::{
    PreviewedPost, TopicPreview,
    assign::{SORTABLE, Sortable, blocking},
};
use crate::{ProjectionError, Reads};

/// Posts that are matched at once.
const PAGE: i64 = 1000;

/// At most this many of the newest posts are looked at, so that a preview answers in a moment on any stage.
const MOST: u64 = 20_000;

impl Reads {
    /// Which posts a topic with these rules would hold, before anybody defines it: how many, and the newest
    /// `limit` of them with the reasons. A post that a person assigned is left out, since no rule moves it.
    pub async fn topic_preview(
        &self,
        stage: StageId,
        rules: &Rules,
        limit: u32,
    ) -> Result<TopicPreview, ProjectionError> {
        let topic = Topic { id: TopicId::default(), name: String::new(), rules: rules.clone() };
        let matcher = Arc::new(Matcher::new(&[topic]));
        let (mut matched, mut examined) = (0, 0);
        let mut newest: Vec<(Uuid, Vec<Reason>)> = Vec::new();
        let mut last = None;
        while examined < MOST {
            let posts = self.page_of(stage, last).await?;
            let Some(end) = posts.last() else { break };
            last = Some((end.sorted_at, end.id));
            examined += posts.len() as u64;
            let found = matches(Arc::clone(&matcher), posts).await?;
            matched += found.len() as u64;
            newest.extend(found.into_iter().take((limit as usize).saturating_sub(newest.len())));
        }
        let ids: Vec<_> = newest.iter().map(|(id, _)| *id).collect();
        let mut reasons: HashMap<Uuid, Vec<Reason>> = newest.into_iter().collect();
        let posts = self.posts(&ids).await?.into_iter().map(|post| {
            let reasons = reasons.remove(&post.id.0).unwrap_or_default();
            PreviewedPost { post, reasons }
        });
        Ok(TopicPreview { matched, examined, posts: posts.collect() })
    }

    async fn page_of(
        &self,
        stage: StageId,
        last: Option<(chrono::DateTime<chrono::Utc>, Uuid)>,
    ) -> Result<Vec<Sortable>, ProjectionError> {
        let posts = sqlx::query_as(&format!(
            "SELECT {SORTABLE} FROM read_feed.posts
             WHERE stage_id = $1 AND own_topics IS NULL
               AND (sorted_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $1))
             ORDER BY sorted_at DESC, id DESC LIMIT $4"
        ))
        .bind(stage.0)
        .bind(last.map(|(sorted_at, _)| sorted_at))
        .bind(last.map(|(_, id)| id))
        .bind(PAGE)
        .fetch_all(self.log.pool())
        .await?;
        Ok(posts)
    }
}

async fn matches(
    matcher: Arc<Matcher>,
    posts: Vec<Sortable>,
) -> Result<Vec<(Uuid, Vec<Reason>)>, ProjectionError> {
    let find = move |post: &Sortable| {
        let found = matcher.assign(&post.content.text()).pop()?;
        Some((post.id, found.reasons))
    };
    blocking(move || posts.iter().filter_map(find).collect()).await
}
