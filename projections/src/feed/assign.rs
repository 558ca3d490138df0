//! Sorting posts into topics.
//!
//! What a post belongs to follows from its content, a person's own assignment and the stage's topics, as they
//! stand: a person's own list wins over the rules, as far as its topics are still there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{PgConnection, types::Json};
use stage_domain::{
    TopicId,
    post::PostContent,
    topics::{Matcher, PostText, Reason, Topic},
};
use uuid::Uuid;

use super::row::NewPost;
use crate::{ProjectionError, copy::copy, rows, topic_row::TopicRow};

/// Posts that are matched at once when a topic changed; bounds the memory that a big stage takes.
const PAGE: i64 = 500;

/// What decides a post's topics.
#[derive(sqlx::FromRow)]
pub(super) struct Sortable {
    pub(super) id: Uuid,
    pub(super) stage_id: Uuid,
    pub(super) sorted_at: DateTime<Utc>,
    pub(super) content: Json<Said>,
    pub(super) own_topics: Option<Json<Vec<TopicId>>>,
}

/// The columns of [`Sortable`]; the largest parts of a content, which no rule looks at, stay behind.
pub(super) const SORTABLE: &str =
    "id, stage_id, sorted_at, content - 'html' - 'media' AS content, own_topics";

/// The part of a content that rules look at.
#[derive(Deserialize)]
pub(super) struct Said {
    title: Option<String>,
    text: String,
    categories: Vec<String>,
    language: Option<String>,
}

impl Said {
    fn of(content: &PostContent) -> Self {
        Self {
            title: content.title.clone(),
            text: content.text.clone(),
            categories: content.categories.clone(),
            language: content.language.clone(),
        }
    }

    pub(super) fn text(&self) -> PostText<'_> {
        PostText {
            title: self.title.as_deref(),
            text: &self.text,
            categories: &self.categories,
            language: self.language.as_deref(),
        }
    }
}

struct Assigned {
    post_id: Uuid,
    topic_id: Uuid,
    sorted_at: DateTime<Utc>,
    by_hand: bool,
    reasons: Vec<Reason>,
}

/// Sorts the posts that are there already into topics whose rules are new, and out of those that were removed.
pub(super) async fn topics(
    tx: &mut PgConnection,
    ruled: &[TopicRow],
    removed: &[Uuid],
) -> Result<(), ProjectionError> {
    let stale: Vec<_> = ruled.iter().map(|topic| topic.id).chain(removed.iter().copied()).collect();
    rows::delete(tx, "assignments", "topic_id", &stale).await?;
    for (stage, rules) in by_stage(ruled) {
        let rules = Arc::new(rules);
        let mut last: Option<(DateTime<Utc>, Uuid)> = None;
        loop {
            let posts: Vec<Sortable> = sqlx::query_as(&format!(
                "SELECT {SORTABLE} FROM posts
                 WHERE stage_id = $1 AND (sorted_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $1))
                 ORDER BY sorted_at DESC, id DESC LIMIT $4"
            ))
            .bind(stage)
            .bind(last.map(|(sorted_at, _)| sorted_at))
            .bind(last.map(|(_, id)| id))
            .bind(PAGE)
            .fetch_all(&mut *tx)
            .await?;
            let Some(end) = posts.last() else { break };
            last = Some((end.sorted_at, end.id));
            let assigned = assign(Arc::clone(&rules), posts).await?;
            insert(tx, assigned).await?;
        }
    }
    Ok(())
}

/// Sorts posts that are new, and those that may belong elsewhere now, into all topics of their stages.
pub(super) async fn posts(
    tx: &mut PgConnection,
    new: &[NewPost],
    moved: &[Uuid],
) -> Result<(), ProjectionError> {
    let mut posts: Vec<Sortable> = Vec::new();
    if !moved.is_empty() {
        rows::delete(tx, "assignments", "post_id", moved).await?;
        posts = sqlx::query_as(&format!("SELECT {SORTABLE} FROM posts WHERE id = ANY($1)"))
            .bind(moved)
            .fetch_all(&mut *tx)
            .await?;
    }
    posts.extend(new.iter().map(|post| Sortable {
        id: post.id,
        stage_id: post.stage_id,
        sorted_at: post.sorted_at,
        content: Json(Said::of(post.content())),
        own_topics: post.own_topics().cloned().map(Json),
    }));
    if posts.is_empty() {
        return Ok(());
    }
    let mut stages: BTreeMap<Uuid, Vec<Sortable>> = BTreeMap::new();
    for post in posts {
        stages.entry(post.stage_id).or_default().push(post);
    }
    let topics: Vec<TopicRow> = sqlx::query_as("SELECT * FROM topics WHERE stage_id = ANY($1)")
        .bind(stages.keys().copied().collect::<Vec<_>>())
        .fetch_all(&mut *tx)
        .await?;
    let mut assigned = Vec::new();
    for (stage, rules) in by_stage(&topics) {
        let posts = stages.remove(&stage).unwrap_or_default();
        assigned.extend(assign(Arc::new(rules), posts).await?);
    }
    insert(tx, assigned).await
}

/// Topics of one stage, ready to match.
struct Compiled {
    ids: BTreeSet<Uuid>,
    matcher: Matcher,
}

fn by_stage(topics: &[TopicRow]) -> BTreeMap<Uuid, Compiled> {
    let mut stages: BTreeMap<Uuid, Vec<Topic>> = BTreeMap::new();
    for topic in topics {
        stages.entry(topic.stage_id).or_default().push(topic.topic());
    }
    let compile = |topics: Vec<Topic>| Compiled {
        ids: topics.iter().map(|topic| topic.id.0).collect(),
        matcher: Matcher::new(&topics),
    };
    stages.into_iter().map(|(stage, topics)| (stage, compile(topics))).collect()
}

/// Matches off the async threads: a page of long posts takes a while.
async fn assign(rules: Arc<Compiled>, posts: Vec<Sortable>) -> Result<Vec<Assigned>, ProjectionError> {
    blocking(move || posts.iter().flat_map(|post| assignments(&rules, post)).collect()).await
}

fn assignments(rules: &Compiled, post: &Sortable) -> Vec<Assigned> {
    let assigned = |topic_id: Uuid, by_hand, reasons| Assigned {
        post_id: post.id,
        topic_id,
        sorted_at: post.sorted_at,
        by_hand,
        reasons,
    };
    match &post.own_topics {
        Some(own) => {
            let own: BTreeSet<_> = own.iter().map(|topic| topic.0).collect();
            own.intersection(&rules.ids).map(|topic| assigned(*topic, true, vec![])).collect()
        }
        None => rules
            .matcher
            .assign(&post.content.text())
            .into_iter()
            .map(|found| assigned(found.topic_id.0, false, found.reasons))
            .collect(),
    }
}

async fn insert(tx: &mut PgConnection, rows: Vec<Assigned>) -> Result<(), ProjectionError> {
    copy(tx, "assignments (post_id, topic_id, sorted_at, by_hand, reasons)", &rows, |row, fields| {
        fields
            .put(row.post_id)?
            .put(row.topic_id)?
            .put(row.sorted_at)?
            .put(row.by_hand)?
            .put(Json(&row.reasons))
    })
    .await
}

/// Runs work that takes the processor for a while. A panic in it is one here.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ProjectionError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The program ends; nothing is wrong with the events.
            Err(_) => Err(ProjectionError::Unavailable(sqlx::Error::WorkerCrashed)),
        },
    }
}
