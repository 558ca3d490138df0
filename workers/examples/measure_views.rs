//! How fast views are written down and counted, beside what they cannot be faster than:
//! `scripts/with-services cargo run --release -p stage-workers --example measure_views`
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, clippy::cast_precision_loss)]

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use stage_domain::PostId;
use stage_projections::views::{Viewed, Viewer};
use stage_workers::views::{Journal, Settings, count, publish};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const THREADS: usize = 4;
const EACH: usize = 250_000;
const POSTS: u128 = 1_000;

#[tokio::main]
async fn main() {
    let database = stage_testkit::database().await;
    let nats = async_nats::connect(stage_testkit::nats_url()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let stream = stage_testkit::unique("measure");
    let settings = Settings { subject: format!("test.{stream}"), stream, ..Settings::default() };
    let journal = Journal::open(dir.path(), &settings, Arc::new(chrono::Utc::now), Arc::new(Uuid::now_v7));
    let journal = Arc::new(journal.unwrap());

    let bare = Mutex::new(tempfile::tempfile().unwrap());
    let reference = by_threads(|_| bare.lock().unwrap().write_all(&[1; 17]).unwrap());
    let measured = by_threads(|n| {
        journal.viewed(&[Viewed::Post(PostId(Uuid::from_u128(n as u128 % POSTS)))], Viewer::Person).unwrap();
    });
    let ratio = measured / reference;
    println!(
        "journal writes/s, {THREADS} threads: {measured:.0}; bare write(2) under a lock: {reference:.0}; {ratio:.2}"
    );

    let stop = CancellationToken::new();
    let since = Instant::now();
    let publishing =
        publish::run(journal.clone(), database.pool.clone(), nats.clone(), settings.clone(), stop.clone());
    let publishing = tokio::spawn(publishing);
    let counting = tokio::spawn(count::run(database.pool.clone(), nats, settings, stop.clone()));
    let all = (THREADS * EACH) as i64;
    loop {
        let counted: Option<i64> =
            sqlx::query_scalar("SELECT sum(count)::bigint FROM read_views.view_totals")
                .fetch_one(&database.pool)
                .await
                .unwrap();
        if counted == Some(all) {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(300), "{counted:?} of {all} are counted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "views/s from journal to count, {POSTS} posts: {:.0}",
        all as f64 / since.elapsed().as_secs_f64()
    );

    let mut waits: Vec<Duration> = vec![];
    for n in 1..=50 {
        let since = Instant::now();
        journal.viewed(&[Viewed::Post(PostId(Uuid::from_u128(POSTS + 1)))], Viewer::Person).unwrap();
        while sqlx::query_scalar::<_, i64>(
            "SELECT COALESCE(max(count), 0) FROM read_views.view_totals WHERE kind = 'post' AND id = $1",
        )
        .bind(Uuid::from_u128(POSTS + 1))
        .fetch_one(&database.pool)
        .await
        .unwrap()
            < n
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        waits.push(since.elapsed());
    }
    waits.sort();
    println!("from viewed to counted: median {:?}, longest of 50 {:?}", waits[25], waits[49]);
    stop.cancel();
    let _ = tokio::join!(publishing, counting);
}

/// Calls a second.
fn by_threads(call: impl Fn(usize) + Sync) -> f64 {
    let since = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..EACH).for_each(&call));
        }
    });
    (THREADS * EACH) as f64 / since.elapsed().as_secs_f64()
}
