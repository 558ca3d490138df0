//! What appending costs beside its limit and its peer, measured in one run on one server: `make bench`.
//!
//! Single commands at 16 tasks: through `Log::execute`, through stock postgres-es, and as a bare INSERT of the same
//! row. Batches at 4 tasks: 200 posts with their source's event through `Log::append`, and as one bare INSERT … SELECT
//! FROM UNNEST of the same rows, serialised before. The contenders take turns for several rounds.
//! All have a pool of the same size on the same server, with fsync on (`scripts/with-services` keeps it off unless
//! STAGE_TEST_FSYNC=on). The bare inserts use our pool's settings, postgres-es those of its own
//! `default_postgress_pool`, which asks the server before each use of a connection.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/allocator.rs"]
mod allocator;
#[path = "support/log.rs"]
mod log;
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/tasks.rs"]
mod tasks;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use postgres_es::{PostgresCqrs, postgres_cqrs};
use ratios::Ratio;
use rounds::Rounds;
use sqlx::{PgPool, postgres::PgPoolOptions};
use stage_domain::{
    AccountId, Decide, PostId, SourceId, StageId,
    post::{Post, PostCommand, PostContent},
    source::{Cursor, Network, Source, SourceEvent},
    stage::{Stage, StageCommand},
};
use stage_store::{Act, Batch, Log};
use tasks::rate;
use uuid::Uuid;

const TASKS: usize = 16;
const BATCH_TASKS: usize = 4;
const POSTS: usize = 200;
const ROUNDS: usize = 15;

fn main() {
    // Cargo also runs benches as tests; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let results = runtime.block_on(measure());
    ratios::report(&results);
}

async fn measure() -> Vec<Ratio> {
    let contenders = Contenders::new().await;
    let names = ["new", "stock", "bare", "7 columns", "known", "stock", "batch", "bare"];
    let rounds = Rounds::run(ROUNDS, names, async || {
        [
            contenders.ours_new().await,
            contenders.stock_new().await,
            contenders.bare_new(&contenders.bare).await,
            contenders.bare_new(&contenders.seven).await,
            contenders.ours_existing().await,
            contenders.stock_existing().await,
            contenders.ours_batch().await,
            contenders.bare_batch().await,
        ]
    })
    .await;
    let new = |name| (name, 0);
    let stock = "postgres-es 0.5 (PostgresCqrs)";
    vec![
        rounds.ratio(
            new("append: a command on a new stream"),
            ("bare INSERT of the same row", 2),
            "commands/s",
        ),
        rounds.ratio(
            new("append: a command on a new stream, 7 columns"),
            ("bare INSERT, postgres-es's 7 columns", 3),
            "commands/s",
        ),
        rounds.ratio(new("append: a command on a new stream, stock"), (stock, 1), "commands/s"),
        rounds.ratio(("append: a command on a known stream, stock", 4), (stock, 5), "commands/s"),
        rounds.ratio(
            ("append: a batch of 201 events", 6),
            ("bare INSERT FROM UNNEST of the same rows", 7),
            "events/s",
        ),
    ]
}

struct Contenders {
    log: Log,
    stock: Arc<PostgresCqrs<Stage>>,
    /// The same columns, primary key and unique position, with a plain sequence and no trigger.
    bare: PgPool,
    /// The table of postgres-es.
    seven: PgPool,
}

impl Contenders {
    async fn new() -> Self {
        let durable: String = sqlx::query_scalar("SHOW fsync")
            .fetch_one(&PgPool::connect(&stage_testkit::postgres_url()).await.unwrap())
            .await
            .unwrap();
        println!("fsync is {durable}; {TASKS} tasks, {ROUNDS} rounds and one before");
        let ours = connect(&stage_testkit::database().await.url).await;
        let log = log::log(&ours).await;
        let seven = connect(&stage_testkit::empty_database().await.url).await;
        sqlx::raw_sql(SEVEN).execute(&seven).await.unwrap();
        let bare = connect(&stage_testkit::empty_database().await.url).await;
        sqlx::raw_sql(SEVEN).execute(&bare).await.unwrap();
        sqlx::raw_sql(
            "ALTER TABLE events ADD position bigserial UNIQUE,
                 ADD recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()",
        )
        .execute(&bare)
        .await
        .unwrap();
        // As postgres-es sets up its own pool, but for the size.
        let peer = PgPoolOptions::new()
            .max_connections(u32::try_from(TASKS).unwrap())
            .connect(&stage_testkit::empty_database().await.url)
            .await
            .unwrap();
        sqlx::raw_sql(SEVEN).execute(&peer).await.unwrap();
        let stock = Arc::new(postgres_cqrs(peer, Vec::new(), ()));
        Self { log, stock, bare, seven }
    }

    async fn ours_new(&self) -> f64 {
        let log = self.log.clone();
        rate(TASKS, 150, move |_| {
            let log = log.clone();
            async move { log.execute::<Stage>(Uuid::now_v7(), create(), fresh()).await.map(drop).unwrap() }
        })
        .await
    }

    async fn stock_new(&self) -> f64 {
        let stock = self.stock.clone();
        rate(TASKS, 100, move |_| {
            let stock = stock.clone();
            async move { stock.execute(&Uuid::now_v7().to_string(), create()).await.unwrap() }
        })
        .await
    }

    /// The same row, made and serialised as the others make it.
    async fn bare_new(&self, pool: &PgPool) -> f64 {
        let pool = pool.clone();
        rate(TASKS, 150, move |_| {
            let pool = pool.clone();
            async move {
                let event = Stage::default().decide(create()).unwrap().remove(0);
                sqlx::query(
                    "INSERT INTO events
                         (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
                     VALUES ($1, $2, $3, $4, $5, $6::json, $7::json)",
                )
                .bind("stage")
                .bind(Uuid::now_v7().to_string())
                .bind(1_i64)
                .bind("StageCreated")
                .bind("1")
                .bind(serde_json::to_string(&event).unwrap())
                .bind("{}")
                .execute(&pool)
                .await
                .map(drop)
                .unwrap();
            }
        })
        .await
    }

    /// Streams of one event each, renamed once: each command loads, decides and appends.
    async fn ours_existing(&self) -> f64 {
        let mut known = Vec::new();
        for _ in 0..KNOWN {
            let id = Uuid::now_v7();
            self.log.execute::<Stage>(id, create(), fresh()).await.unwrap();
            known.push(id);
        }
        let log = self.log.clone();
        rate(TASKS, KNOWN / TASKS, move |number| {
            let (log, id) = (log.clone(), known[number]);
            async move { log.execute::<Stage>(id, rename(), Act::default()).await.map(drop).unwrap() }
        })
        .await
    }

    async fn stock_existing(&self) -> f64 {
        let mut known = Vec::new();
        for _ in 0..KNOWN {
            let id = Uuid::now_v7();
            self.stock.execute(&id.to_string(), create()).await.unwrap();
            known.push(id);
        }
        let stock = self.stock.clone();
        rate(TASKS, KNOWN / TASKS, move |number| {
            let (stock, id) = (stock.clone(), known[number]);
            async move { stock.execute(&id.to_string(), rename()).await.unwrap() }
        })
        .await
    }

    async fn ours_batch(&self) -> f64 {
        let log = self.log.clone();
        let batches = rate(BATCH_TASKS, 8, move |_| {
            let log = log.clone();
            async move {
                let mut batch = Batch::default();
                for (id, event) in posts() {
                    batch.add::<Post>(id, 0, &[event]).unwrap();
                }
                batch.add::<Source>(Uuid::now_v7(), 0, &[imported()]).unwrap();
                log.append(batch, Act::default()).await.map(drop).unwrap();
            }
        });
        batches.await * (POSTS + 1) as f64
    }

    async fn bare_batch(&self) -> f64 {
        let pool = self.bare.clone();
        // Serialised before the clock starts.
        let rows: Vec<Columns> = (0..BATCH_TASKS * 8).map(|_| Columns::of_a_batch()).collect();
        let rows = Arc::new(rows);
        let batches = rate(BATCH_TASKS, 8, move |number| {
            let (pool, rows) = (pool.clone(), rows.clone());
            async move { rows[number].insert(&pool).await }
        });
        batches.await * (POSTS + 1) as f64
    }
}

const KNOWN: usize = 1600;

/// The rows of one batch, column by column.
#[derive(Default)]
struct Columns {
    stream_type: Vec<&'static str>,
    stream_id: Vec<String>,
    sequence: Vec<i64>,
    event_type: Vec<&'static str>,
    event_version: Vec<&'static str>,
    payload: Vec<String>,
}

impl Columns {
    fn of_a_batch() -> Self {
        let mut columns = Self::default();
        for (id, event) in posts() {
            columns.add("post", id, "PostImported", serde_json::to_string(&event).unwrap());
        }
        columns.add("source", Uuid::now_v7(), "SourceImported", serde_json::to_string(&imported()).unwrap());
        columns
    }

    fn add(&mut self, stream_type: &'static str, id: Uuid, event_type: &'static str, payload: String) {
        self.stream_type.push(stream_type);
        self.stream_id.push(id.to_string());
        self.sequence.push(1);
        self.event_type.push(event_type);
        self.event_version.push("1");
        self.payload.push(payload);
    }

    async fn insert(&self, pool: &PgPool) {
        sqlx::query(
            "INSERT INTO events
                 (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
             SELECT a, b, c, d, e, f::json, '{}'::json
             FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
                 AS rows (a, b, c, d, e, f)",
        )
        .bind(&self.stream_type)
        .bind(&self.stream_id)
        .bind(&self.sequence)
        .bind(&self.event_type)
        .bind(&self.event_version)
        .bind(&self.payload)
        .execute(pool)
        .await
        .map(drop)
        .unwrap();
    }
}

async fn connect(url: &str) -> PgPool {
    stage_store::pool::options_for(u32::try_from(TASKS).unwrap())
        .min_connections(u32::try_from(TASKS).unwrap())
        .connect(url)
        .await
        .unwrap()
}

const SEVEN: &str = "
CREATE TABLE events
(
    aggregate_type text                         NOT NULL,
    aggregate_id   text                         NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
)";

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn fresh() -> Act {
    Act { new: true, ..Act::default() }
}

fn create() -> StageCommand {
    let owner = AccountId(Uuid::from_u128(1));
    StageCommand::Create { owner, name: "Rathaus Musterstadt".into(), handle: "rathaus".into(), at: at() }
}

fn rename() -> StageCommand {
    StageCommand::Change { name: Some("Bürgerhaus Musterstadt".into()), handle: None, at: at() }
}

fn posts() -> Vec<(Uuid, stage_domain::post::PostEvent)> {
    let source_id = SourceId(Uuid::now_v7());
    (0..POSTS)
        .map(|number| {
            let network_id = format!("https://example.org/news/{number}");
            let id = PostId::of(source_id, &network_id).0;
            let text = "Am Samstag öffnet das Rathaus seine Türen für alle, die es sehen wollen. ".repeat(8);
            let content = Box::new(PostContent {
                title: Some("Tag der offenen Tür".into()),
                html: Some(format!("<p>{text}</p>")),
                text,
                permalink: Some(network_id.parse().unwrap()),
                language: Some("de".into()),
                published_at: Some(at()),
                ..PostContent::default()
            });
            let stage_id = StageId(Uuid::from_u128(2));
            let network = Network::Feed;
            let command = PostCommand::Import { stage_id, source_id, network, network_id, content, at: at() };
            (id, Post::default().decide(command).unwrap().remove(0))
        })
        .collect()
}

fn imported() -> SourceEvent {
    SourceEvent::SourceImported {
        cursor: Cursor::default(),
        title: Some("Rathaus Musterstadt".into()),
        imported: 200,
        revised: 0,
        at: at(),
    }
}
