use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder, types::Json};
use stage_domain::{PostId, SourceId, StageId, post::PostContent};
use uuid::Uuid;

use super::{AssignedTopic, FeedPage, FeedQuery, PostView, cursor::Cursor};
use crate::{ProjectionError, Reads, names, stages::SHOWN, views};

/// The most posts of a page.
const LARGEST_PAGE: u32 = 100;

/// A post `p` with its topics in one statement, so that it is seen as of one moment.
const COLUMNS: &str = "
    SELECT p.id, p.stage_id, p.source_id, p.network, p.content, p.sorted_at, p.imported_at, p.revised_at, p.hidden,
        p.pinned, p.version,
        (SELECT ARRAY[v.count, v.bots] FROM read_views.view_totals v WHERE v.kind = 'post' AND v.id = p.id) AS views,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'by_hand', a.by_hand,
                                                      'reasons', a.reasons) ORDER BY t.position), '[]')
         FROM read_feed.assignments a JOIN read_feed.topics t ON t.id = a.topic_id
         WHERE a.post_id = p.id) AS topics
    FROM ";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    stage_id: Uuid,
    source_id: Uuid,
    network: String,
    content: Json<PostContent>,
    sorted_at: DateTime<Utc>,
    imported_at: DateTime<Utc>,
    revised_at: Option<DateTime<Utc>>,
    hidden: bool,
    pinned: bool,
    version: i64,
    views: Option<Vec<i64>>,
    topics: Json<Vec<AssignedTopic>>,
}

impl Reads {
    /// A page of a stage's posts, newest first, by one statement; by two where a language or a text is asked for.
    ///
    /// Pages joined by their cursors neither repeat a post nor skip one that was there all the while, whatever
    /// arrives, is hidden or is removed meanwhile: the key that they are cut by never changes.
    pub async fn feed(&self, query: &FeedQuery) -> Result<FeedPage, ProjectionError> {
        let limit = query.limit.clamp(1, LARGEST_PAGE) as usize;
        let cursor = query.cursor.as_deref().map(Cursor::read).transpose()?;
        if query.language.is_some() || query.text.is_some() {
            return self.search(query, cursor, limit).await;
        }
        let mut rows: Vec<Row> = page(QueryBuilder::new(COLUMNS), query, cursor, limit + 1)
            .build_query_as()
            .fetch_all(self.log.pool())
            .await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| Cursor { sorted_at: row.sorted_at, id: row.id }.write());
        let posts = rows.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(FeedPage { posts, next })
    }

    /// The visible posts of a stage, newest first, at most `limit`: each with the time of its last revision or import.
    pub async fn post_dates(
        &self,
        stage: StageId,
        limit: u32,
    ) -> Result<Vec<(PostId, DateTime<Utc>)>, ProjectionError> {
        let rows: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
            "SELECT id, coalesce(revised_at, imported_at) FROM read_feed.posts
             WHERE stage_id = $1 AND NOT hidden ORDER BY sorted_at DESC, id DESC LIMIT $2",
        )
        .bind(stage.0)
        .bind(i64::from(limit))
        .fetch_all(self.log.pool())
        .await?;
        Ok(rows.into_iter().map(|(id, at)| (PostId(id), at)).collect())
    }

    /// A post, hidden or not, unless its source was unlinked or its stage closed.
    pub async fn post(&self, id: PostId) -> Result<Option<PostView>, ProjectionError> {
        Ok(self.posts(&[id.0]).await?.pop())
    }

    /// Which of these are posts that a reader can see, and of which stage; none while the stage's owners are restricted.
    pub async fn visible_posts(&self, ids: &[PostId]) -> Result<Vec<(PostId, StageId)>, ProjectionError> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let sql = format!(
            "SELECT p.id, p.stage_id FROM read_feed.posts p WHERE p.id = ANY($1) AND NOT p.hidden AND NOT EXISTS (
                 SELECT FROM read_stages.stages s WHERE s.id = p.stage_id AND NOT {SHOWN})"
        );
        let visible: Vec<(Uuid, Uuid)> = sqlx::query_as(&sql).bind(ids).fetch_all(self.log.pool()).await?;
        Ok(visible.into_iter().map(|(id, stage)| (PostId(id), StageId(stage))).collect())
    }

    /// These posts, newest first; those that aren't there are left out.
    pub(crate) async fn posts(&self, ids: &[Uuid]) -> Result<Vec<PostView>, ProjectionError> {
        let rows: Vec<Row> = sqlx::query_as(&format!(
            "{COLUMNS} read_feed.posts p WHERE p.id = ANY($1) ORDER BY p.sorted_at DESC, p.id DESC"
        ))
        .bind(ids)
        .fetch_all(self.log.pool())
        .await?;
        rows.into_iter().map(view).collect()
    }
}

/// One statement for each set of filters, so that each is planned for the index made for it. `sql` begins it, up to
/// `FROM`; whoever asks for one post more than they need learns whether there is another page.
pub(super) fn page(
    mut sql: QueryBuilder<'static, Postgres>,
    query: &FeedQuery,
    cursor: Option<Cursor>,
    limit: usize,
) -> QueryBuilder<'static, Postgres> {
    // A topic's pages are turned along its assignments, which carry the same sort key.
    let key = match query.topic {
        Some(topic) => {
            sql.push(
                "read_feed.assignments k JOIN read_feed.posts p ON p.id = k.post_id WHERE k.topic_id = ",
            );
            sql.push_bind(topic.0).push(" AND p.stage_id = ");
            ("k.sorted_at", "k.post_id")
        }
        None => {
            sql.push("read_feed.posts p WHERE p.stage_id = ");
            ("p.sorted_at", "p.id")
        }
    };
    sql.push_bind(query.stage_id.0);
    if let Some(network) = query.network {
        sql.push(" AND p.network = ").push_bind(network.as_str());
    }
    if !query.hidden {
        sql.push(" AND NOT p.hidden");
    }
    match query.pinned {
        Some(true) => drop(sql.push(" AND p.pinned")),
        Some(false) => drop(sql.push(" AND NOT p.pinned")),
        None => {}
    }
    let (time, id) = key;
    if let Some(since) = query.since {
        sql.push(format!(" AND {time} >= ")).push_bind(since);
    }
    if let Some(until) = query.until {
        sql.push(format!(" AND {time} < ")).push_bind(until);
    }
    if let Some(cursor) = cursor {
        sql.push(format!(" AND ({time}, {id}) < (")).push_bind(cursor.sorted_at).push(", ");
        sql.push_bind(cursor.id).push(")");
    }
    sql.push(format!(" ORDER BY {time} DESC, {id} DESC LIMIT {limit}"));
    sql
}

fn view(row: Row) -> Result<PostView, ProjectionError> {
    Ok(PostView {
        id: PostId(row.id),
        stage_id: StageId(row.stage_id),
        source_id: SourceId(row.source_id),
        network: names::read("network", &row.network)?,
        content: row.content.0,
        sorted_at: row.sorted_at,
        imported_at: row.imported_at,
        revised_at: row.revised_at,
        hidden: row.hidden,
        pinned: row.pinned,
        topics: row.topics.0,
        views: views::of_row(row.views),
        version: row.version.cast_unsigned(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stage_domain::{TopicId, source::Network};

    use super::*;

    const STAGE: StageId = StageId(Uuid::from_u128(1));
    const TOPIC: TopicId = TopicId(Uuid::from_u128(1));

    /// Two stages of 5,000 posts each, every tenth hidden and every fifth pinned, every fifth in the topic.
    const MANY: &str = "
        INSERT INTO read_feed.posts
        SELECT md5(n::text)::uuid, lpad((n % 2 + 1)::text, 32, '0')::uuid, lpad((n % 20)::text, 32, '0')::uuid,
               'feed', '{}', timestamptz '2026-01-01T00:00:00Z' - n * interval '1 minute', now(), NULL, n % 10 = 0, n % 5 = 0, NULL, 1
        FROM generate_series(1, 10000) n;
        INSERT INTO read_feed.assignments
        SELECT id, stage_id, sorted_at, false, '[]' FROM read_feed.posts WHERE substr(id::text, 1, 1) < '3';
        ANALYZE read_feed.posts, read_feed.assignments";

    #[tokio::test]
    async fn every_page_is_read_along_an_index_and_never_sorted() {
        let database = stage_testkit::database().await;
        sqlx::raw_sql(MANY).execute(&database.pool).await.unwrap();
        let all = FeedQuery { limit: 50, ..FeedQuery::of(STAGE) };
        let (since, until) = ("2025-12-28T00:00:00Z".parse().ok(), "2025-12-30T00:00:00Z".parse().ok());
        let network = Some(Network::Feed);
        let queries = [
            (all.clone(), "posts_visible"),
            (FeedQuery { hidden: true, ..all.clone() }, "posts_by_stage"),
            (FeedQuery { network, ..all.clone() }, "posts_visible"),
            (FeedQuery { since, until, ..all.clone() }, "posts_visible"),
            (FeedQuery { pinned: Some(true), hidden: true, ..all.clone() }, "posts_pinned"),
            (FeedQuery { topic: Some(TOPIC), ..all.clone() }, "assignments_by_topic"),
            (FeedQuery { topic: Some(TOPIC), network, ..all }, "assignments_by_topic"),
        ];
        let middle = Cursor { sorted_at: "2025-12-29T00:00:00Z".parse().unwrap(), id: Uuid::nil() };
        for (query, index) in &queries {
            for cursor in [None, Some(middle)] {
                let explain = QueryBuilder::new(format!("EXPLAIN {COLUMNS}"));
                let plan: Vec<String> = page(explain, query, cursor, 51)
                    .build_query_scalar()
                    .fetch_all(&database.pool)
                    .await
                    .unwrap();
                let plan = plan.join("\n");
                // What stands below the sub-plan gathers the topics of one post.
                let (main, _) = plan.split_once("SubPlan").unwrap();
                assert!(main.contains(index), "{query:?} reads along {index}:\n{plan}");
                assert!(!main.contains("Sort") && !main.contains("Seq Scan"), "{query:?}:\n{plan}");
            }
        }
    }
}
