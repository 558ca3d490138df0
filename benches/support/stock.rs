//! A rebuild with stock cqrs-es and postgres-es: posts into a view of the same content, by `QueryReplay`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cqrs_es::{
    EventEnvelope, View,
    persist::{GenericQuery, QueryReplay},
};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use stage_domain::post::{Post, PostContent, PostEvent};
use uuid::Uuid;

/// The tables of postgres-es.
pub const TABLES: &str = "
CREATE TABLE events (aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence));
CREATE TABLE shown (view_id text PRIMARY KEY, version bigint NOT NULL, payload json NOT NULL)";

/// A post, as a view of cqrs-es.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Shown {
    stage_id: Option<Uuid>,
    content: Option<Box<PostContent>>,
}

impl View<Post> for Shown {
    fn update(&mut self, event: &EventEnvelope<Post>) {
        if let PostEvent::PostImported { stage_id, content, .. } = &event.payload {
            self.stage_id = Some(stage_id.0);
            self.content = Some(content.clone());
        }
    }
}

/// How long it takes to replay these, which are written into the tables before.
pub async fn replay(pool: &PgPool, posts: impl IntoIterator<Item = (Uuid, PostEvent)>) -> Duration {
    let mut written = 0_i64;
    for (id, event) in posts {
        sqlx::query("INSERT INTO events VALUES ('post', $1, 1, 'PostImported', '1', $2, '{}')")
            .bind(id.to_string())
            .bind(serde_json::to_value(&event).unwrap())
            .execute(pool)
            .await
            .unwrap();
        written += 1;
    }
    sqlx::query("VACUUM ANALYZE events").execute(pool).await.unwrap();
    let views = Arc::new(PostgresViewRepository::<Shown, Post>::new("shown", pool.clone()));
    let query = GenericQuery::<_, Shown, Post>::new(views);
    let replay = QueryReplay::<_, _, Post>::new(PostgresEventRepository::new(pool.clone()), query);
    let start = Instant::now();
    replay.replay_all().await.unwrap();
    let time = start.elapsed();
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM shown").fetch_one(pool).await.unwrap();
    assert_eq!(made, written, "it replayed everything");
    time
}
