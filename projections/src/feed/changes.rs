//! What became of a stage's posts, for mirrors.
//!
//! Each post stands once, at the position of its own last event. Positions become visible in their order, since a batch
//! and its checkpoint are one transaction and batches follow the log: nothing is ever added before a position that was
//! read. One event can withdraw many posts, so a cursor names the post too. An event that changes the topics of a stage
//! can move any of its posts to another topic without an event of their own: after it a mirror reads all posts anew.

use std::{collections::HashMap, fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use stage_domain::{PostId, StageId};
use uuid::Uuid;

use super::{ChangesPage, PostChange, PostState, PostView};
use crate::{ProjectionError, Reads};

/// The first byte; another form of the cursor gets another.
const VERSION: u8 = 1;
/// The most changes of a page.
const LARGEST_PAGE: u32 = 100;

/// What a mirror knows: everything up to a post at a position, sorted by the topics as an event left them. As text it
/// needs no escaping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    topics: i64,
    position: i64,
    id: Uuid,
}

#[derive(sqlx::FromRow)]
struct Changed {
    topics: i64,
    position: Option<i64>,
    id: Option<Uuid>,
}

impl Reads {
    /// What became of a stage's posts since a cursor, in the order of the log; without one, all that there is. At most
    /// `limit` of them, and 100.
    pub async fn changes(
        &self,
        stage: StageId,
        since: Option<Known>,
        limit: u32,
    ) -> Result<ChangesPage, ProjectionError> {
        self.changes_since(stage, since.unwrap_or_default(), limit, true).await
    }

    /// The same for a reader who follows: topics that changed don't begin everything anew. Each change keeps the topics
    /// of the cursor, since who was told no more than that has not heard of others; the page's own cursor has the new.
    pub async fn changes_following(
        &self,
        stage: StageId,
        since: Known,
        limit: u32,
    ) -> Result<ChangesPage, ProjectionError> {
        self.changes_since(stage, since, limit, false).await
    }

    /// The cursor behind everything that a stage shows now.
    pub async fn changes_end(&self, stage: StageId) -> Result<Known, ProjectionError> {
        let head: Option<(i64, i64)> =
            sqlx::query_as("SELECT position, topics FROM read_feed.heads WHERE stage_id = $1")
                .bind(stage.0)
                .fetch_optional(self.log.pool())
                .await?;
        let (position, topics) = head.unwrap_or_default();
        Ok(Known { topics, position, id: Uuid::max() })
    }

    async fn changes_since(
        &self,
        stage: StageId,
        known: Known,
        limit: u32,
        anew: bool,
    ) -> Result<ChangesPage, ProjectionError> {
        let limit = limit.clamp(1, LARGEST_PAGE) as usize;
        let mut rows: Vec<Changed> = sqlx::query_as(
            "WITH head AS (
                 SELECT coalesce((SELECT topics FROM read_feed.heads WHERE stage_id = $1), 0) AS topics
             ), since AS (
                 SELECT topics,
                     CASE WHEN $6 AND topics <> $2 THEN 0 ELSE $3 END AS position,
                     CASE WHEN $6 AND topics <> $2 THEN '00000000-0000-0000-0000-000000000000' ELSE $4 END AS id
                 FROM head
             )
             SELECT since.topics, changed.position, changed.id FROM since LEFT JOIN LATERAL (
                 (SELECT p.position, p.id FROM read_feed.posts p
                  WHERE p.stage_id = $1 AND (p.position, p.id) > (since.position, since.id)
                  ORDER BY p.position, p.id LIMIT $5)
                 UNION ALL
                 (SELECT w.position, w.id FROM read_feed.withdrawn w
                  WHERE w.stage_id = $1 AND (w.position, w.id) > (since.position, since.id)
                  ORDER BY w.position, w.id LIMIT $5)
                 ORDER BY position, id LIMIT $5
             ) changed ON true
             ORDER BY changed.position, changed.id",
        )
        .bind(stage.0)
        .bind(known.topics)
        .bind(known.position)
        .bind(known.id)
        .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
        .bind(anew)
        .fetch_all(self.log.pool())
        .await?;
        let topics = rows.first().map_or(known.topics, |row| row.topics);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let told = if anew { topics } else { known.topics };
        let places: Vec<Known> = rows
            .iter()
            .filter_map(|row| Some(Known { topics: told, position: row.position?, id: row.id? }))
            .collect();
        let ids: Vec<_> = places.iter().map(|place| place.id).collect();
        let mut posts: HashMap<PostId, PostView> = match ids.is_empty() {
            true => HashMap::new(),
            false => self.posts(&ids).await?.into_iter().map(|post| (post.id, post)).collect(),
        };
        let end = Known { topics, ..places.last().copied().unwrap_or(known) };
        let changes = places.into_iter().map(|place| PostChange {
            id: PostId(place.id),
            state: match posts.remove(&PostId(place.id)) {
                Some(post) if post.hidden => PostState::Hidden,
                Some(post) => PostState::Visible(Box::new(post)),
                None => PostState::Withdrawn,
            },
            cursor: place,
        });
        Ok(ChangesPage { changes: changes.collect(), cursor: end, more })
    }
}

impl Known {
    /// Whether this stands before a change at `other`, whatever the topics.
    #[must_use]
    pub fn is_before(self, other: Self) -> bool {
        (self.position, self.id) < (other.position, other.id)
    }

    /// The same place, with the topics as they were then: for one who has yet to tell that they are others.
    #[must_use]
    pub fn with_topics_of(self, other: Self) -> Self {
        Self { topics: other.topics, ..self }
    }

    /// Whether the topics are the same as then.
    #[must_use]
    pub fn same_topics(self, other: Self) -> bool {
        self.topics == other.topics
    }

    /// Whether topics as they were then are no news. A cursor names the event that changed them last.
    #[must_use]
    pub fn has_topics_of(self, other: Self) -> bool {
        self.topics >= other.topics
    }

    /// What one knows who knew this and was told the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let topics = self.topics.max(other.topics);
        Self { topics, ..if self.is_before(other) { other } else { self } }
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 33] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let [VERSION, rest @ ..] = bytes else { return None };
        let (topics, rest) = rest.split_first_chunk()?;
        let (position, id) = rest.split_first_chunk()?;
        let (topics, position) = (i64::from_be_bytes(*topics), i64::from_be_bytes(*position));
        let id = Uuid::from_slice(id).ok()?;
        (topics >= 0 && position >= 0).then_some(Self { topics, position, id })
    }
}

impl fmt::Display for Known {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(33);
        bytes.push(VERSION);
        bytes.extend(self.topics.to_be_bytes());
        bytes.extend(self.position.to_be_bytes());
        bytes.extend(self.id.as_bytes());
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Known {
    type Err = ProjectionError;

    fn from_str(text: &str) -> Result<Self, ProjectionError> {
        Self::parse(text).ok_or(ProjectionError::Cursor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mirrors_cursor_reads_back_and_needs_no_escaping(topics in 0..i64::MAX, position in 0..i64::MAX, id: u128) {
            let known = Known { topics, position, id: Uuid::from_u128(id) };
            let text = known.to_string();
            prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            prop_assert_eq!(text.parse::<Known>().unwrap(), known);
        }

        #[test]
        fn no_text_makes_the_program_stumble(text: String) {
            prop_assert!(matches!(text.parse::<Known>(), Ok(_) | Err(ProjectionError::Cursor)));
        }
    }
}
