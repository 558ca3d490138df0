//! A dump that is restored into a fresh cluster goes on where it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use sqlx::PgPool;
use stage_domain::stage::Stage;
use stage_store::{Follower, Keyring, Log, MasterKey, Position};
use support::{
    LastHint,
    cluster::Cluster,
    create,
    crowd::{check, everything, follow, write},
    fresh, raw_insert, rename,
};
use uuid::Uuid;

async fn pool(cluster: &Cluster) -> PgPool {
    stage_store::pool::connect(&cluster.url(), 40).await.unwrap()
}

async fn log(pool: &PgPool, master: &MasterKey) -> Log {
    let keyring = Keyring::open(pool, master.clone()).await.unwrap();
    Log::new(pool.clone(), keyring, std::sync::Arc::new(LastHint::default()))
}

async fn rest(follower: &mut Follower) -> Vec<Position> {
    let mut read = Vec::new();
    loop {
        let events = follower.next(500).await.unwrap();
        if events.is_empty() {
            return read;
        }
        read.extend(events.iter().map(|event| event.position));
    }
}

async fn written(log: &Log, events: usize) {
    let written = std::sync::Arc::default();
    let writers =
        (0..8).map(|seed| tokio::spawn(write(log.clone(), seed, std::sync::Arc::clone(&written), events)));
    futures::future::try_join_all(writers).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_dumped_and_restored_goes_on_without_loss() {
    let (old, new) = (Cluster::start(""), Cluster::start(""));
    let master = MasterKey::generate();
    let before = pool(&old).await;
    stage_store::migrate(&before).await.unwrap();
    let old_log = log(&before, &master).await;
    written(&old_log, 1_000).await;
    let stage = Uuid::now_v7();
    let kept = old_log.execute::<Stage>(stage, create("rathaus"), fresh()).await.unwrap();
    // Half of it is read before, with a checkpoint that is kept.
    let checkpoint = old_log.follow(0).next(500).await.unwrap().last().unwrap().position;
    // Positions that were handed out and came to nothing, the last of all among them.
    let mut undone = before.begin().await.unwrap();
    let highest = raw_insert(&mut undone).await;
    undone.rollback().await.unwrap();
    // An append that is under way while the dump is taken is in it whole or not at all.
    let mut open = before.begin().await.unwrap();
    raw_insert(&mut open).await;
    let there = everything(&before).await;
    let dump = old.dump();
    open.commit().await.unwrap();
    before.close().await;

    new.restore(&dump);
    let after = pool(&new).await;
    assert_eq!(everything(&after).await, there, "the log is the same");
    stage_store::migrate(&after).await.unwrap();
    let new_log = log(&after, &master).await;
    let mut follower = new_log.follow(checkpoint);
    let rest_of_old: Vec<Position> =
        there.iter().map(|(position, ..)| *position).filter(|position| *position > checkpoint).collect();
    assert_eq!(rest(&mut follower).await, rest_of_old, "nothing is skipped");

    let renamed =
        new_log.execute::<Stage>(stage, rename("Bürgerhaus"), stage_store::Act::default()).await.unwrap();
    assert_eq!(renamed.version, kept.version + 1, "its streams go on");
    assert!(renamed.position > kept.position && renamed.position > highest, "positions go on rising");
    assert_eq!(rest(&mut follower).await, [renamed.position]);

    written(&new_log, 1_000).await;
    let there = everything(&after).await;
    let (_, told) = tokio::sync::watch::channel(Some(there.last().unwrap().0));
    let (read, _) = tokio::time::timeout(Duration::from_secs(60), follow(new_log, 1, told)).await.unwrap();
    check(&read, &there);
    after.close().await;
}
