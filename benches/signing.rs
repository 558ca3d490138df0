//! What it costs appends that the log is signed meanwhile: `make bench`. Commands at 16 tasks on new streams, with a notary
//! in the same process that signs every second, which is more often than it does by itself, and without one. The two
//! take turns on the same database.
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
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/tasks.rs"]
mod tasks;

use std::{sync::Arc, time::Duration};

use chrono::DateTime;
use ratios::Ratio;
use rounds::Rounds;
use sqlx::PgPool;
use stage_domain::{
    AccountId,
    stage::{Stage, StageCommand},
};
use stage_store::{Act, Log, proof::NotaryKey};
use stage_workers::notary;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const TASKS: usize = 16;
/// Of one task in one round: enough for several checkpoints.
const TIMES: usize = 2_500;
const ROUNDS: usize = 7;

fn main() {
    // Cargo also runs benches as tests; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    ratios::report(&[runtime.block_on(measure())]);
}

async fn measure() -> Ratio {
    let database = stage_testkit::database().await;
    let pool = stage_store::pool::connect(&database.url, 20).await.unwrap();
    let log = log::log(&pool).await;
    let rounds = Rounds::run(ROUNDS, ["with a notary", "without"], async || {
        let without = append(&log).await;
        let (stop, notary) = sign(&pool);
        // It begins with what the round before left.
        while unsigned(&pool).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let signed = append(&log).await;
        assert!(unsigned(&pool).await < (TASKS * TIMES) as i64, "nothing was signed meanwhile");
        stop.cancel();
        notary.await.unwrap();
        [signed, without]
    })
    .await;
    rounds.ratio(("append: while a notary signs the log", 0), ("append without a notary", 1), "commands/s")
}

fn sign(pool: &PgPool) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let stop = CancellationToken::new();
    let settings = notary::Settings {
        key: NotaryKey::new("example.org/bench", &[1; 32]).unwrap(),
        former: Vec::new(),
        every: Duration::from_secs(1),
    };
    let (told, wake) = tokio::sync::watch::channel(0);
    let until = stop.clone();
    let pool = pool.clone();
    let notary = tokio::spawn(async move {
        notary::run(pool, settings, wake, Arc::new(chrono::Utc::now), until).await;
        drop(told);
    });
    (stop, notary)
}

async fn unsigned(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM events WHERE position > (SELECT coalesce(max(position), 0) FROM checkpoints)",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

async fn append(log: &Log) -> f64 {
    let log = log.clone();
    tasks::rate(TASKS, TIMES, move |_| {
        let log = log.clone();
        let act = Act { new: true, ..Act::default() };
        async move { log.execute::<Stage>(Uuid::now_v7(), create(), act).await.map(drop).unwrap() }
    })
    .await
}

fn create() -> StageCommand {
    let owner = AccountId(Uuid::from_u128(1));
    let at = DateTime::UNIX_EPOCH;
    StageCommand::Create { owner, name: "Rathaus Musterstadt".into(), handle: "rathaus".into(), at }
}
