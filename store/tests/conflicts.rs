//! What goes wrong, and what each is called.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{
    AccountId, Decide,
    account::{Account, AccountError},
    stage::{Stage, StageError},
};
use stage_store::{Act, Also, Appended, Batch, ClaimChange, ClaimKind, ExecuteError, StoreError};
use support::{create, fresh, register, registration, rename, store, take_handle};
use tokio::sync::Barrier;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_on_one_stream_both_succeed_since_one_decides_anew() {
    let s = store().await;
    let id = Uuid::now_v7();
    s.log.execute::<Stage>(id, create("one"), fresh()).await.unwrap();
    let barrier = Arc::new(Barrier::new(4));
    let writers = (0..4).map(|number| {
        let (log, barrier) = (s.log.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            log.execute::<Stage>(id, rename(&format!("name {number}")), Act::default()).await.unwrap().version
        })
    });
    let mut versions = futures::future::try_join_all(writers).await.unwrap();
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_batch_decided_on_an_old_version_conflicts() {
    let s = store().await;
    let id = Uuid::now_v7();
    s.log.execute::<Stage>(id, create("one"), fresh()).await.unwrap();
    let old = s.log.load::<Stage>(id).await.unwrap();
    s.log.execute::<Stage>(id, rename("A"), Act::default()).await.unwrap();
    let mut batch = Batch::default();
    batch.add::<Stage>(id, old.version, &old.aggregate.decide(rename("B")).unwrap()).unwrap();
    assert!(matches!(s.log.append(batch, Act::default()).await, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn a_client_that_expects_an_older_version_is_told_the_present_one() {
    let s = store().await;
    let id = Uuid::now_v7();
    s.log.execute::<Stage>(id, create("one"), fresh()).await.unwrap();
    s.log.execute::<Stage>(id, rename("A"), Act::default()).await.unwrap();
    let expecting = |version| Act { expected: Some(version), ..Act::default() };
    let late = s.log.execute::<Stage>(id, rename("B"), expecting(1)).await;
    assert!(matches!(late, Err(ExecuteError::Store(StoreError::Version { expected: 1, actual: 2 }))));
    assert_eq!(s.log.execute::<Stage>(id, rename("B"), expecting(2)).await.unwrap().version, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_clients_that_expect_the_same_version_one_loses() {
    let s = store().await;
    let id = Uuid::now_v7();
    s.log.execute::<Stage>(id, create("one"), fresh()).await.unwrap();
    let barrier = Arc::new(Barrier::new(2));
    let clients = ["A", "B"].map(|name| {
        let (log, barrier) = (s.log.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            log.execute::<Stage>(id, rename(name), Act { expected: Some(1), ..Act::default() }).await
        })
    });
    let results = futures::future::try_join_all(clients).await.unwrap();
    let lost = |r: &Result<_, ExecuteError<StageError>>| {
        matches!(r, Err(ExecuteError::Store(StoreError::Version { expected: 1, actual: 2 })))
    };
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|r| lost(r)).count(), 1);
}

#[tokio::test]
async fn a_stream_that_was_to_be_new_but_is_there_is_loaded_and_refused() {
    let s = store().await;
    let id = Uuid::now_v7();
    s.log.execute::<Stage>(id, create("one"), fresh()).await.unwrap();
    let again = s.log.execute::<Stage>(id, create("one"), fresh()).await;
    assert!(matches!(again, Err(ExecuteError::Refused(StageError::AlreadyCreated))));

    let account = AccountId(Uuid::now_v7());
    s.log.execute::<Account>(account.0, register(account), registration(&s.log, account)).await.unwrap();
    let act = registration(&s.log, account);
    let again = s.log.execute::<Account>(account.0, register(account), act).await;
    assert!(matches!(again, Err(ExecuteError::Refused(AccountError::AlreadyRegistered))), "{again:?}");
}

#[tokio::test]
async fn what_is_claimed_has_one_owner_until_it_is_released() {
    let s = store().await;
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let claiming = |owner| Act { claims: vec![take_handle("rathaus", owner)], ..fresh() };
    s.log.execute::<Stage>(one, create("rathaus"), claiming(one)).await.unwrap();
    let taken = s.log.execute::<Stage>(two, create("rathaus"), claiming(two)).await;
    assert!(matches!(taken, Err(ExecuteError::Store(StoreError::Claimed(ClaimKind::Handle)))));
    assert_eq!(s.log.load::<Stage>(two).await.unwrap().version, 0);
    assert_eq!(s.log.claimed_by(ClaimKind::Handle, "rathaus").await.unwrap(), Some(one));

    // Who does not have it releases nothing; who has it may take it again, and may give it away.
    let release = |owner| ClaimChange::Release { kind: ClaimKind::Handle, value: "rathaus".into(), owner };
    let act = Act { claims: vec![release(two), take_handle("rathaus", one)], ..Act::default() };
    s.log.append(Batch::default(), act).await.unwrap();
    assert_eq!(s.log.claimed_by(ClaimKind::Handle, "rathaus").await.unwrap(), Some(one));
    s.log.append(Batch::default(), Act { claims: vec![release(one)], ..Act::default() }).await.unwrap();
    assert_eq!(s.log.claimed_by(ClaimKind::Handle, "rathaus").await.unwrap(), None);
    s.log.execute::<Stage>(two, create("rathaus"), claiming(two)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_claim_the_same_at_once_one_gets_it() {
    let s = store().await;
    let barrier = Arc::new(Barrier::new(8));
    let tasks = (0..8).map(|_| {
        let (log, barrier, id) = (s.log.clone(), barrier.clone(), Uuid::now_v7());
        tokio::spawn(async move {
            barrier.wait().await;
            let act = Act { claims: vec![take_handle("rathaus", id)], ..fresh() };
            log.execute::<Stage>(id, create("rathaus"), act).await
        })
    });
    let results = futures::future::try_join_all(tasks).await.unwrap();
    let claimed =
        |r: &Result<_, _>| matches!(r, Err(ExecuteError::Store(StoreError::Claimed(ClaimKind::Handle))));
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|r| claimed(r)).count(), 7);
}

#[tokio::test]
async fn an_address_is_claimed_whatever_its_case() {
    let s = store().await;
    let account = AccountId(Uuid::now_v7());
    s.log.execute::<Account>(account.0, register(account), registration(&s.log, account)).await.unwrap();
    let written = support::PERSON[2].to_uppercase();
    assert_eq!(s.log.claimed_by(ClaimKind::Email, &written).await.unwrap(), Some(account.0));
    assert_eq!(s.log.claimed_by(ClaimKind::Email, "other@example.org").await.unwrap(), None);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_named_by_its_position() {
    let s = store().await;
    let id = Uuid::now_v7();
    s.log.execute::<Stage>(id, create("one"), fresh()).await.unwrap();
    let position: i64 = sqlx::query_scalar(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('stage', $1, 2, 'StageMoved', '1', '{\"StageMoved\":{}}', '{}') RETURNING position",
    )
    .bind(id.to_string())
    .fetch_one(s.log.pool())
    .await
    .unwrap();
    let named = |error: &StoreError| {
        matches!(error, StoreError::Unreadable { position: at, event_type, .. }
            if *at == position && event_type == "StageMoved")
    };
    assert!(named(&s.log.load::<Stage>(id).await.unwrap_err()));
    match s.log.execute::<Stage>(id, rename("A"), Act::default()).await {
        Err(ExecuteError::Store(error)) => assert!(named(&error), "{error:?}"),
        other => panic!("{other:?}"),
    }
}

/// Fails with a deadlock, as PostgreSQL would report it, the first time.
struct OnceInADeadlock(std::sync::atomic::AtomicU32);

#[async_trait]
impl Also for OnceInADeadlock {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        if self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            sqlx::query("DO $$ BEGIN RAISE EXCEPTION 'dead' USING ERRCODE = '40P01'; END $$")
                .execute(tx)
                .await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let s = store().await;
    let id = Uuid::now_v7();
    let once = Arc::new(OnceInADeadlock(0.into()));
    let act = Act { also: vec![once.clone()], ..fresh() };
    assert_eq!(s.log.execute::<Stage>(id, create("one"), act).await.unwrap().version, 1);
    assert_eq!(once.0.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_unavailable() {
    let s = store().await;
    struct Slow;
    #[async_trait]
    impl Also for Slow {
        async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
            sqlx::query("SET LOCAL statement_timeout = '20ms'").execute(&mut *tx).await?;
            sqlx::query("SELECT pg_sleep(30)").execute(tx).await.map(drop)
        }
    }
    let act = Act { also: vec![Arc::new(Slow)], ..fresh() };
    let slow = tokio::time::timeout(
        Duration::from_secs(20),
        s.log.execute::<Stage>(Uuid::now_v7(), create("one"), act),
    );
    assert!(matches!(slow.await.unwrap(), Err(ExecuteError::Store(StoreError::Unavailable(_)))));
}
