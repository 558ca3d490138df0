//! Three workers, of which the leaders are killed under load: another goes on, nothing is lost and nothing is twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use common::{eventually, house::House};
use serde_json::{Value, json};

const STAGES: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn when_the_leader_is_killed_under_load_another_goes_on_within_five_seconds() {
    let house = Arc::new(House::serve().await);
    house.create(1, "rathaus").await;
    let mut workers = vec![house.work(), house.work(), house.work()];
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let writer = {
        let (house, stop, next) = (Arc::clone(&house), Arc::clone(&stop), Arc::clone(&next));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let from = next.fetch_add(STAGES, Ordering::Relaxed);
                house.import(STAGES, from, from + STAGES).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    eventually("somebody leads", async || house.reached().await > 100).await;
    // One after the other, so that whoever led at first was killed in any case.
    for _ in 0..3 {
        assert!(leaders(&house).await > 0);
        workers.push(house.work());
        workers.remove(0).kill().await.unwrap();
        let killed = Instant::now();
        let from = next.fetch_add(STAGES, Ordering::Relaxed);
        let position = house.import(STAGES, from, from + STAGES).await;
        eventually("another goes on", async || house.reached().await >= position).await;
        assert!(killed.elapsed() < Duration::from_secs(5), "took {:?}", killed.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    let from = next.load(Ordering::Relaxed);
    let end = house.import(STAGES, from, from + 1).await;
    eventually("the last is applied", async || house.reached().await >= end).await;
    for name in ["feed", "stages"] {
        let output = house.run(&["projections", "compare", name, "--json"]).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(last["equal"], json!(true), "nothing is lost and nothing twice: {last}");
    }
    let posts: i64 = sqlx::query_scalar("SELECT count(*) FROM read_feed.posts")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert_eq!(posts, i64::from(from) + 1);
}

async fn leaders(house: &House) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = $1::int4::oid
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .bind(stage_store::locks::PROJECTIONS)
    .fetch_one(&house.database.pool)
    .await
    .unwrap()
}
