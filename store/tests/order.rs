//! No event is missed and none is read twice, whatever the writers do, and though the server crashes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use stage_domain::stage::Stage;
use stage_store::{ExecuteError, Log, Mark, Position, StoreError};
use support::{
    cluster::Cluster,
    create,
    crowd::{check, everything, follow, read_carelessly, write},
    fresh, log_on, raw_insert,
};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

const WRITERS: u64 = 32;
const EVENTS: usize = 30_000;

async fn crowd_pool(url: &str) -> PgPool {
    stage_store::pool::options_for(48).connect_with(url.parse::<PgConnectOptions>().unwrap()).await.unwrap()
}

struct Crowd {
    writers: Vec<JoinHandle<()>>,
    /// What each read, and how often it was started anew.
    followers: Vec<JoinHandle<(Vec<stage_store::Recorded>, usize)>>,
    careless: JoinHandle<usize>,
    careless_at: watch::Receiver<Position>,
    last: watch::Sender<Option<Position>>,
}

impl Crowd {
    fn begin(log: &Log, written: &Arc<AtomicUsize>, events: usize) -> Self {
        let (last, told) = watch::channel(None);
        let (at, careless_at) = watch::channel(0);
        Self {
            writers: (0..WRITERS)
                .map(|seed| tokio::spawn(write(log.clone(), seed, written.clone(), events)))
                .collect(),
            followers: (0..4).map(|seed| tokio::spawn(follow(log.clone(), seed, told.clone()))).collect(),
            careless: tokio::spawn(read_carelessly(log.clone(), told, at)),
            careless_at,
            last,
        }
    }

    /// Waits for the writers, then for the followers, and checks what these read. Answers how many events the
    /// careless reader missed.
    async fn end(self, pool: &PgPool) -> usize {
        futures::future::try_join_all(self.writers).await.unwrap();
        let there = everything(pool).await;
        self.last.send(Some(there.last().unwrap().0)).unwrap();
        for follower in self.followers {
            let followed = tokio::time::timeout(Duration::from_secs(60), follower).await;
            let (read, restarts) = followed.expect("the followers get to the end").unwrap();
            check(&read, &there);
            assert!(restarts > 0, "it was started anew");
        }
        there.len() - self.careless.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_missed_and_none_read_twice_under_32_writers_that_stall_and_roll_back() {
    let database = stage_testkit::database().await;
    let pool = crowd_pool(&database.url).await;
    let log = log_on(pool.clone()).await;
    // An append that stalls until the careless reader has passed it, so that there is one to miss in every run.
    let mut stalled = pool.begin().await.unwrap();
    let early = raw_insert(&mut stalled).await;
    let mut crowd = Crowd::begin(&log, &Arc::default(), EVENTS);
    let passed =
        tokio::time::timeout(Duration::from_secs(30), crowd.careless_at.wait_for(|at| *at > early)).await;
    drop(passed.expect("it does not wait for the append").unwrap());
    stalled.commit().await.unwrap();
    let missed = crowd.end(&pool).await;
    assert!(missed > 0, "a reader without a mark misses events, so this run shows something");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_missed_though_the_server_crashes_in_the_middle() {
    let cluster = Cluster::start("");
    let pool = crowd_pool(&cluster.url()).await;
    stage_store::migrate(&pool).await.unwrap();
    let log = log_on(pool.clone()).await;
    let written = Arc::new(AtomicUsize::new(0));
    let crowd = Crowd::begin(&log, &written, 18_000);
    for share in [6_000, 12_000] {
        reaches(&written, share).await;
        tokio::task::block_in_place(|| {
            cluster.crash();
            cluster.begin();
        });
    }
    crowd.end(&pool).await;
    pool.close().await;
}

async fn reaches(written: &AtomicUsize, events: usize) {
    let patience = Instant::now() + Duration::from_secs(60);
    while written.load(std::sync::atomic::Ordering::SeqCst) < events {
        assert!(Instant::now() < patience, "the writers go on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// After a crash PostgreSQL hands out numbers again that it had handed out to transactions which never committed. A
/// mark that had settled on such a number would let a reader pass over the event that gets it next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_are_handed_out_again_after_a_crash_are_not_passed_over() {
    // The log of a transaction that is undone stays in memory, and is lost.
    let cluster =
        Cluster::start("wal_writer_delay = 10s\nwal_writer_flush_after = 1GB\ncheckpoint_timeout = 1h");
    let pool = PgPoolOptions::new().connect_with(cluster.url().parse().unwrap()).await.unwrap();
    stage_store::migrate(&pool).await.unwrap();
    let log = log_on(pool.clone()).await;
    let first = log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
    let (mut mark, mut follower) = (Mark::new(pool.clone()), log.follow(0));
    assert_eq!(follower.next(10).await.unwrap().len(), 1);

    let mut undone = pool.begin().await.unwrap();
    // Numbers alone: the records of rows would fill pages of the write-ahead log, which are written when they are full.
    let before_the_crash: Position =
        sqlx::query_scalar("SELECT max(next_position()) FROM generate_series(1, 200)")
            .fetch_one(&mut *undone)
            .await
            .unwrap();
    assert_eq!(mark.advance().await.unwrap(), 0, "the append in progress holds it");
    undone.rollback().await.unwrap();
    assert_eq!(mark.advance().await.unwrap(), first);

    cluster.crash();
    let gone = log.execute::<Stage>(Uuid::now_v7(), create("b"), fresh()).await;
    assert!(matches!(gone, Err(ExecuteError::Store(StoreError::Unavailable(_)))), "{gone:?}");
    cluster.begin();

    let mut open = again(&pool).await;
    let early = raw_insert(&mut open).await;
    let late = log.execute::<Stage>(Uuid::now_v7(), create("c"), fresh()).await.unwrap().position;
    assert!(
        first < early && early < late && late < before_the_crash,
        "numbers are handed out again: {early} and {late} after {before_the_crash}"
    );
    assert_eq!(mark.advance().await.unwrap(), first);
    assert!(follower.next(10).await.unwrap().is_empty());
    open.commit().await.unwrap();
    let read: Vec<Position> = follower.next(10).await.unwrap().iter().map(|event| event.position).collect();
    assert_eq!(read, [early, late]);
    assert_eq!(mark.advance().await.unwrap(), late);
    pool.close().await;
}

async fn again(pool: &PgPool) -> sqlx::Transaction<'static, sqlx::Postgres> {
    loop {
        match pool.begin().await {
            Ok(tx) => return tx,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
