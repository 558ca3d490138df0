//! Posts of a language, or with certain words. No index helps here, so a page looks at no more than so many posts and
//! says where the next goes on: any stage answers in a moment, and who follows the pages finds everything.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{FeedPage, FeedQuery, cursor::Cursor, query::page};
use crate::{ProjectionError, Reads};

/// Posts that one page looks at.
const LOOKED_AT: usize = 2_000;

#[derive(sqlx::FromRow)]
struct Looked {
    id: Uuid,
    sorted_at: DateTime<Utc>,
    hit: bool,
}

impl Looked {
    fn cursor(&self) -> Cursor {
        Cursor { sorted_at: self.sorted_at, id: self.id }
    }
}

impl Reads {
    pub(super) async fn search(
        &self,
        query: &FeedQuery,
        cursor: Option<Cursor>,
        limit: usize,
    ) -> Result<FeedPage, ProjectionError> {
        let looked: Vec<Looked> = look(query, cursor).build_query_as().fetch_all(self.log.pool()).await?;
        let hits: Vec<&Looked> = looked.iter().filter(|post| post.hit).collect();
        let next = match hits.get(..limit).filter(|_| hits.len() > limit) {
            Some(shown) => shown.last().map(|post| post.cursor()),
            None => looked.last().filter(|_| looked.len() == LOOKED_AT).map(Looked::cursor),
        };
        let ids: Vec<_> = hits.iter().take(limit).map(|post| post.id).collect();
        let mut posts = self.posts(&ids).await?;
        // It may have been hidden since it was looked at.
        posts.retain(|post| query.hidden || !post.hidden);
        Ok(FeedPage { posts, next: next.map(Cursor::write) })
    }
}

fn look(query: &FeedQuery, cursor: Option<Cursor>) -> QueryBuilder<'static, Postgres> {
    let mut sql = QueryBuilder::new("SELECT looked.id, looked.sorted_at, true");
    if let Some(language) = &query.language {
        sql.push(" AND starts_with(looked.language, ").push_bind(format!("{}-", language.to_lowercase()));
        sql.push(")");
    }
    for word in query.text.iter().flat_map(|text| text.split_whitespace()) {
        sql.push(" AND strpos(looked.said, lower(").push_bind(word.to_owned());
        sql.push(" COLLATE \"und-x-icu\")) > 0");
    }
    // The database's own locale may know ASCII alone.
    sql.push(
        " AS hit FROM (SELECT p.id, p.sorted_at, lower(coalesce(p.content->>'language', '')) || '-' AS language,
              lower((coalesce(p.content->>'title', '') || ' ' || (p.content->>'text')) COLLATE \"und-x-icu\") AS said
          FROM ",
    );
    let mut sql = page(sql, query, cursor, LOOKED_AT);
    sql.push(") looked ORDER BY looked.sorted_at DESC, looked.id DESC");
    sql
}
