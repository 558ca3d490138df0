//! How fast a log is verified, beside how fast PostgreSQL copies the same rows out: `make bench`. STAGE_BENCH_EVENTS sets
//! how many events there are.
//!
//! The log is what an installation's is: four posts of some 1,500 bytes for every small event. Verifying is all that
//! `stage log verify` does: checkpoints, every leaf, the stored tree, every root. COPY sends the whole table to a
//! client that throws it away, in whichever of its two formats is the faster one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[path = "support/allocator.rs"]
mod allocator;
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/rounds.rs"]
mod rounds;

use std::time::Instant;

use futures::TryStreamExt as _;
use ratios::Ratio;
use rounds::Rounds;
use sqlx::{PgConnection, PgPool};
use stage_store::proof::{Notary, NotaryKey, Verify};

const ROUNDS: usize = 5;

fn main() {
    // Cargo also runs benches as tests; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let events =
        std::env::var("STAGE_BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(300_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    ratios::report(&[runtime.block_on(measure(events))]);
}

async fn measure(events: i64) -> Ratio {
    let database = stage_testkit::database().await;
    let pool = stage_store::pool::connect(&database.url, 10).await.unwrap();
    fill(&pool, events).await;
    let key = NotaryKey::new("example.org/bench", &[1; 32]).unwrap();
    sign(&pool, &key).await;
    let rounds = Rounds::run(ROUNDS, ["verified", "COPY, the faster"], async || {
        let binary = copy(&pool, "COPY events TO STDOUT (FORMAT binary)", events).await;
        let text = copy(&pool, "COPY events TO STDOUT", events).await;
        [verify(&pool, &key, events).await, binary.max(text)]
    })
    .await;
    rounds.ratio(("verify: a whole log", 0), ("COPY of the same rows to a client", 1), "events/s")
}

async fn fill(pool: &PgPool, events: i64) {
    let text = "Am Samstag öffnet das Rathaus seine Türen für alle, die es sehen wollen. ".repeat(8);
    let post = serde_json::json!({"PostImported": {
        "stage_id": "01a2096f-542e-73d3-aa7c-6282cd377862", "source_id": "01a2096f-5495-7322-853b-3df00ee81b67",
        "network": "feed", "network_id": "https://example.org/news/NUMBER", "at": "2026-11-23T12:00:00Z",
        "content": {"title": "Tag der offenen Tür NUMBER", "html": format!("<p>{text}</p>"), "text": text,
            "permalink": "https://example.org/news/NUMBER", "language": "de", "media": [], "tags": [],
            "published_at": "2026-11-23T12:00:00Z"},
    }});
    let small =
        serde_json::json!({"StageRenamed": {"name": "Bürgerhaus NUMBER", "at": "2026-11-23T12:00:00Z"}});
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         SELECT CASE WHEN n % 5 = 0 THEN 'stage' ELSE 'post' END, gen_random_uuid(), 1,
                CASE WHEN n % 5 = 0 THEN 'StageRenamed' ELSE 'PostImported' END, '1',
                replace(CASE WHEN n % 5 = 0 THEN $2 ELSE $3 END, 'NUMBER', n::text)::json, '{}'
         FROM generate_series(1, $1) AS n",
    )
    .bind(events)
    .bind(small.to_string())
    .bind(post.to_string())
    .execute(pool)
    .await
    .unwrap();
    sqlx::query("VACUUM ANALYZE events").execute(pool).await.unwrap();
}

async fn sign(pool: &PgPool, key: &NotaryKey) {
    let connection: &mut PgConnection = &mut pool.acquire().await.unwrap();
    let mut notary = Notary::take_up(connection, key.clone(), &[]).await.unwrap();
    while notary.extend(connection, i64::MAX, 8_192, chrono::Utc::now()).await.unwrap().is_some() {}
}

async fn copy(pool: &PgPool, statement: &str, events: i64) -> f64 {
    let start = Instant::now();
    let mut connection = pool.acquire().await.unwrap();
    let mut rows = connection.copy_out_raw(statement).await.unwrap();
    while rows.try_next().await.unwrap().is_some() {}
    events as f64 / start.elapsed().as_secs_f64()
}

async fn verify(pool: &PgPool, key: &NotaryKey, events: i64) -> f64 {
    let start = Instant::now();
    let keys = [key.public().clone()];
    let report = Verify::begin(pool.clone(), &keys, None, None).await.unwrap().run(|_| ()).await.unwrap();
    assert!(report.verified && report.events == events.cast_unsigned(), "{report:?}");
    events as f64 / start.elapsed().as_secs_f64()
}
