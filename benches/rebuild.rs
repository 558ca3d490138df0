//! How fast a read model is made anew, beside what PostgreSQL itself makes of the same events in one statement, and beside
//! stock `QueryReplay`: `make bench`. STAGE_BENCH_EVENTS sets how many posts there are (a million where it isn't
//! set).
//!
//! The feed is rebuilt twice, from the first event to the swap: while no stage has a topic, so that the rows are those
//! that the statement makes (which is checked); and with ten topics a stage, which no statement makes. The statement
//! writes into a table with the live table's indexes, in one transaction. Stock postgres-es replays fewer events of the
//! same kind, from a table of its own, into a view of the same content.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[path = "support/allocator.rs"]
mod allocator;
#[path = "support/log.rs"]
mod log;
#[path = "support/posts.rs"]
mod posts;
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/stock.rs"]
mod stock;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::DateTime;
use ratios::Ratio;
use sqlx::PgPool;
use stage_domain::{
    AccountId, TopicId,
    post::Post,
    source::{Network, Source, SourceEvent},
    stage::{Stage, StageEvent},
    topics::{Rule, RuleKind, Rules, Topic},
};
use stage_projections::{
    engine::rebuild::{Rebuilding, Stand, rebuild},
    feed::Feed,
};
use stage_store::{Act, Batch, Log};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const STAGES: usize = 400;
/// Posts that are appended at once, as an import does.
const IMPORT: usize = 200;
/// Events that stock postgres-es replays.
const STOCK: usize = 4_000;

fn main() {
    // Cargo also runs benches as tests; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let events = std::env::var("STAGE_BENCH_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    tokio::runtime::Runtime::new().unwrap().block_on(measure(events));
}

async fn measure(events: usize) {
    let pool = stage_store::connect(&stage_testkit::database().await.url, 16).await.unwrap();
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&pool).await.unwrap();
    println!("fsync is {fsync}; {events} posts of {STAGES} stages");
    let log = log::log(&pool).await;
    fill(&log, events).await;

    let statement = rate(events, one_statement(&pool).await);
    println!("one statement: {statement:.0} events/s");
    let (same, memory) = rebuilt(&pool, events).await;
    println!("rebuild, the same rows: {same:.0} events/s");
    assert_eq!(digest(&pool, "bench.posts").await, digest(&pool, "read_feed.posts").await, "the same rows");
    define_topics(&log).await;
    let (sorted, _) = rebuilt(&pool, events).await;
    println!("rebuild, sorted into topics: {sorted:.0} events/s");
    let stock = stock().await;
    println!("QueryReplay: {stock:.0} events/s");

    let ratio = |name, unit, measured, reference_name, reference| Ratio {
        name,
        unit,
        measured,
        reference_name,
        reference,
    };
    ratios::report(&[
        ratio("rebuild: the feed", "events/s", same, "PostgreSQL, the same rows in one statement", statement),
        ratio(
            "rebuild: the feed with ten topics a stage",
            "events/s",
            sorted,
            "PostgreSQL, the posts alone in one statement",
            statement,
        ),
        ratio("rebuild: the feed, stock", "events/s", same, "postgres-es 0.5 (QueryReplay)", stock),
        ratio(
            "rebuild: the feed with ten topics a stage, stock",
            "events/s",
            sorted,
            "postgres-es 0.5 (QueryReplay)",
            stock,
        ),
        ratio(
            "rebuild: memory over the whole log",
            "bytes",
            memory.whole,
            "the same over its first tenth",
            memory.tenth,
        ),
    ]);
}

#[allow(clippy::cast_precision_loss)]
fn rate(events: usize, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}

async fn fill(log: &Log, events: usize) {
    for stage in 0..STAGES {
        let (mut batch, at) = (Batch::default(), DateTime::UNIX_EPOCH);
        let (name, handle) = (format!("Rathaus {stage}"), format!("rathaus-{stage}"));
        let created = StageEvent::StageCreated { owner: AccountId(Uuid::nil()), name, handle, at };
        batch.add::<Stage>(posts::stage(stage).0, 0, &[created]).unwrap();
        let linked = SourceEvent::SourceLinked {
            stage_id: posts::stage(stage),
            network: Network::Feed,
            address: format!("https://rathaus-{stage}.example.org/feed"),
            interval_minutes: 15,
            at,
        };
        batch.add::<Source>(posts::source(stage).0, 0, &[linked]).unwrap();
        log.append(batch, Act::default()).await.unwrap();
    }
    let imports: Vec<usize> = (0..events).step_by(IMPORT).collect();
    let tasks: Vec<_> = imports
        .chunks(imports.len().div_ceil(4))
        .map(|mine| {
            let (log, mine) = (log.clone(), mine.to_vec());
            tokio::spawn(async move {
                for first in mine {
                    let mut batch = Batch::default();
                    for number in first..(first + IMPORT).min(events) {
                        let (id, event) = posts::imported(first / IMPORT % STAGES, number);
                        batch.add::<Post>(id, 0, &[event]).unwrap();
                    }
                    log.append(batch, Act::default()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    sqlx::query("VACUUM ANALYZE events").execute(log.pool()).await.unwrap();
}

async fn define_topics(log: &Log) {
    for stage in 0..STAGES {
        let mut batch = Batch::default();
        let topic = |(number, word): (usize, &&str)| StageEvent::TopicDefined {
            topic: Topic {
                id: TopicId(Uuid::from_u128(posts::stage(stage).0.as_u128() ^ ((number as u128 + 1) << 64))),
                name: (*word).to_owned(),
                rules: Rules {
                    include: vec![Rule { kind: RuleKind::Term, text: (*word).to_owned() }],
                    exclude: vec![],
                },
            },
            at: DateTime::UNIX_EPOCH,
        };
        let events: Vec<_> = posts::topics().iter().enumerate().map(topic).collect();
        batch.add::<Stage>(posts::stage(stage).0, 1, &events).unwrap();
        log.append(batch, Act::default()).await.unwrap();
    }
}

/// The rows of the posts, as PostgreSQL makes them by itself.
async fn one_statement(pool: &PgPool) -> Duration {
    sqlx::raw_sql(
        "CREATE SCHEMA bench; CREATE TABLE bench.posts (LIKE read_feed.posts INCLUDING ALL); CHECKPOINT",
    )
    .execute(pool)
    .await
    .unwrap();
    let mut connection = pool.acquire().await.unwrap();
    sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await.unwrap();
    let start = Instant::now();
    sqlx::query(
        "INSERT INTO bench.posts
         SELECT id, (post->>'stage_id')::uuid, (post->>'source_id')::uuid, post->>'network', post->'content',
                least(coalesce((post->'content'->>'published_at')::timestamptz, at), at), at, NULL, false, false, NULL, 1,
                position
         FROM (SELECT aggregate_id::uuid AS id, position, post, (post->>'at')::timestamptz AS at
               FROM (SELECT aggregate_id, position, payload::jsonb->'PostImported' AS post FROM events
                     WHERE aggregate_type = 'post' OFFSET 0) AS read OFFSET 0) AS made",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    let time = start.elapsed();
    connection.close_on_drop();
    time
}

/// Resident memory of this process while it rebuilds, at its highest.
struct Memory {
    tenth: f64,
    whole: f64,
}

async fn rebuilt(pool: &PgPool, events: usize) -> (f64, Memory) {
    sqlx::query("CHECKPOINT").execute(pool).await.unwrap();
    let (stand, seen) = watch::channel(Stand::default());
    let with = Rebuilding { pool: pool.clone(), workers: workers(), stand, stop: CancellationToken::new() };
    let watching = tokio::spawn(async move {
        let mut memory = Memory { tenth: 0.0, whole: 0.0 };
        while seen.has_changed().is_ok() {
            let (stand, now) = (*seen.borrow(), resident());
            if stand.done * 10 <= stand.total {
                memory.tenth = now.max(memory.tenth);
            }
            memory.whole = now.max(memory.whole);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        memory
    });
    let start = Instant::now();
    rebuild(&with, Arc::new(Feed)).await.unwrap();
    let rate = rate(events, start.elapsed());
    drop(with);
    (rate, watching.await.unwrap())
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get)
}

#[allow(clippy::cast_precision_loss)]
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    (pages * 4096) as f64
}

async fn digest(pool: &PgPool, table: &str) -> (i64, String) {
    sqlx::query_as(&format!(
        "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric)::text FROM {table} t"
    ))
    .fetch_one(pool)
    .await
    .unwrap()
}

async fn stock() -> f64 {
    let pool = PgPool::connect(&stage_testkit::empty_database().await.url).await.unwrap();
    sqlx::raw_sql(stock::TABLES).execute(&pool).await.unwrap();
    let posts = (0..STOCK).map(|number| posts::imported(number / IMPORT % STAGES, number));
    rate(STOCK, stock::replay(&pool, posts).await)
}
