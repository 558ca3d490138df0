//! What the tests of this room share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod history;
pub(crate) mod logbook;

use std::sync::Arc;

use chrono::{DateTime, Duration, TimeZone, Utc};
use serde_json::value::RawValue;
use sqlx::{PgConnection, PgPool};
use stage_domain::{
    AccountId, StageId, TopicId,
    post::PostContent,
    stage::StageEvent,
    topics::{Rule, RuleKind, Rules, Topic},
};
use stage_projections::{
    Reads,
    engine::{Outcome, Projection, Rebuild, all, apply, take_up},
};
use stage_store::{Hint, Keyring, Log, MasterKey, Position, Recorded};
use stage_testkit::TestDatabase;
use uuid::Uuid;

#[allow(unused_imports)]
pub(crate) use logbook::Logbook;

struct Silent;

impl Hint for Silent {
    fn appended(&self, _position: Position) {}
}

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) log: Log,
    pub(crate) reads: Reads,
}

pub(crate) async fn world() -> World {
    let database = stage_testkit::database().await;
    let keyring = Keyring::open(&database.pool, MasterKey::generate()).await.unwrap();
    let log = Log::new(database.pool.clone(), keyring, Arc::new(Silent));
    World { database, reads: Reads::new(log.clone()), log }
}

impl World {
    pub(crate) fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    /// Applies events that are in no log to every projection, in one batch.
    pub(crate) async fn project(&self, events: &[Recorded]) {
        let mut connection = self.pool().acquire().await.unwrap();
        for projection in all() {
            project(&mut connection, &*projection, events).await;
        }
    }

    /// The same in the passes of a rebuild, and in batches of this size.
    pub(crate) async fn project_in_passes(&self, events: &[Recorded], size: usize) {
        let mut connection = self.pool().acquire().await.unwrap();
        for projection in all() {
            let Rebuild::Shared { passes } = projection.rebuild() else { continue };
            for types in passes {
                let of_pass = events.iter().filter(|event| types.contains(&event.stream_type.as_str()));
                for batch in of_pass.cloned().collect::<Vec<_>>().chunks(size) {
                    project(&mut connection, &*projection, batch).await;
                }
            }
        }
    }

    /// Applies all that is new in the log to every projection.
    pub(crate) async fn catch_up(&self) {
        let mut connection = self.pool().acquire().await.unwrap();
        for projection in all() {
            let position = take_up(&mut connection, &*projection, false).await.unwrap().position;
            let events = self.log.follow(position).next(10_000).await.unwrap();
            project(&mut connection, &*projection, &events).await;
        }
    }
}

pub(crate) async fn project(connection: &mut PgConnection, projection: &dyn Projection, events: &[Recorded]) {
    let checkpoint = take_up(connection, projection, false).await.unwrap();
    let outcome = apply(connection, projection, checkpoint.position, events).await.unwrap();
    assert_eq!(outcome, Outcome::Applied, "{} applies the events", projection.name());
}

/// All rows of all read models.
pub(crate) async fn rows(pool: &PgPool) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for table in tables(pool).await {
        let sql = format!("SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1");
        all.push((table, sqlx::query_scalar(&sql).fetch_all(pool).await.unwrap()));
    }
    all
}

/// Back to before the first event.
pub(crate) async fn forget(pool: &PgPool) {
    let tables = tables(pool).await.join(", ");
    sqlx::query(&format!("TRUNCATE {tables}, projection_checkpoints")).execute(pool).await.unwrap();
}

async fn tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables
         WHERE table_schema IN ('read_accounts', 'read_stages', 'read_feed', 'read_history') ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

pub(crate) fn at(minute: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap() + Duration::minutes(minute)
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) fn created(handle: &str) -> StageEvent {
    StageEvent::StageCreated {
        owner: AccountId(id(1)),
        name: "Rathaus".into(),
        handle: handle.into(),
        at: at(0),
    }
}

/// A topic that holds posts with one of these words.
pub(crate) fn topic(number: u128, name: &str, words: &[&str]) -> Topic {
    let rule = |word: &&str| Rule { kind: RuleKind::Term, text: (*word).into() };
    let include = words.iter().map(rule).collect();
    Topic { id: TopicId(id(number)), name: name.into(), rules: Rules { include, exclude: vec![] } }
}

pub(crate) fn content(text: &str, published_at: Option<DateTime<Utc>>) -> Box<PostContent> {
    Box::new(PostContent {
        text: text.into(),
        language: Some("de".into()),
        html: Some(format!("<p>{text}</p>")),
        published_at,
        ..PostContent::default()
    })
}

pub(crate) fn raw(json: &impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(json).unwrap()
}

pub(crate) const STAGE: StageId = StageId(Uuid::from_u128(100));
