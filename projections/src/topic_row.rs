//! The table `topics`, which the read models `stages` and `feed` each keep for themselves.

use sqlx::{PgConnection, types::Json};
use stage_domain::{
    TopicId,
    stage::StageEvent,
    topics::{Rules, Topic},
};
use uuid::Uuid;

use crate::{
    ProjectionError,
    rows::{Place, Row, column},
};

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct TopicRow {
    pub(crate) id: Uuid,
    /// Where in the log it was defined: the order of a stage's topics.
    pub(crate) position: i64,
    pub(crate) stage_id: Uuid,
    pub(crate) name: String,
    pub(crate) rules: Json<Rules>,
}

impl Row for TopicRow {
    const TABLE: &'static str = "topics";

    fn id(&self) -> Uuid {
        self.id
    }
}

impl TopicRow {
    /// A topic's row as an event of its stage leaves it; `None` once it is removed.
    pub(crate) fn after(row: Option<Self>, event: &StageEvent, place: Place) -> Option<Self> {
        match event {
            StageEvent::TopicDefined { topic, .. } => Some(Self {
                id: topic.id.0,
                position: place.position,
                stage_id: place.id,
                name: topic.name.clone(),
                rules: Json(topic.rules.clone()),
            }),
            StageEvent::TopicChanged { topic, .. } => {
                row.map(|row| Self { name: topic.name.clone(), rules: Json(topic.rules.clone()), ..row })
            }
            StageEvent::TopicRemoved { .. } => None,
            _ => row,
        }
    }

    /// The topic that an event is about.
    pub(crate) fn about(event: &StageEvent) -> Option<Uuid> {
        match event {
            StageEvent::TopicDefined { topic, .. } | StageEvent::TopicChanged { topic, .. } => {
                Some(topic.id.0)
            }
            StageEvent::TopicRemoved { topic_id, .. } => Some(topic_id.0),
            _ => None,
        }
    }

    pub(crate) fn topic(&self) -> Topic {
        Topic { id: TopicId(self.id), name: self.name.clone(), rules: self.rules.0.clone() }
    }
}

pub(crate) async fn store(tx: &mut PgConnection, rows: &[TopicRow]) -> Result<(), ProjectionError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO topics (id, position, stage_id, name, rules)
         SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::jsonb[])
         ON CONFLICT (id) DO UPDATE
         SET position = excluded.position, name = excluded.name, rules = excluded.rules",
    )
    .bind(column(rows, |row| row.id))
    .bind(column(rows, |row| row.position))
    .bind(column(rows, |row| row.stage_id))
    .bind(column(rows, |row| row.name.as_str()))
    .bind(column(rows, |row| &row.rules))
    .execute(tx)
    .await?;
    Ok(())
}
