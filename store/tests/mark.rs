//! The high-water mark: what holds it, and what does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sqlx::{PgPool, Postgres, Transaction};
use stage_domain::{post::Post, stage::Stage};
use stage_store::{Mark, Position, locks};
use support::{create, fresh, raw_insert, store};
use uuid::Uuid;

#[test]
fn the_lock_in_the_migration_is_the_one_in_the_code() {
    let sql = include_str!("../../migrations/0001_events.sql");
    assert!(sql.contains(&format!("pg_advisory_xact_lock_shared({}, {})", locks::NAMESPACE, locks::APPEND)));
}

#[tokio::test]
async fn an_empty_log_has_its_mark_at_0() {
    let s = store().await;
    assert_eq!(Mark::new(s.log.pool().clone()).advance().await.unwrap(), 0);
}

#[tokio::test]
async fn an_append_in_progress_holds_the_mark_until_it_ends_either_way() {
    let s = store().await;
    let pool = s.log.pool();
    let mut mark = Mark::new(pool.clone());
    for ends_well in [true, false] {
        let before = s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
        assert_eq!(mark.advance().await.unwrap(), before);
        let mut open = pool.begin().await.unwrap();
        let held = raw_insert(&mut open).await;
        let after = s.log.execute::<Stage>(Uuid::now_v7(), create("b"), fresh()).await.unwrap().position;
        assert!(before < held && held < after);
        for _ in 0..3 {
            assert_eq!(mark.advance().await.unwrap(), before);
        }
        end(open, ends_well).await;
        assert_eq!(mark.advance().await.unwrap(), after);
    }
}

async fn end(tx: Transaction<'_, Postgres>, well: bool) {
    match well {
        true => tx.commit().await.unwrap(),
        false => tx.rollback().await.unwrap(),
    }
}

#[tokio::test]
async fn appends_that_began_later_do_not_hold_back_what_was_there_before() {
    let s = store().await;
    let pool = s.log.pool();
    let mut mark = Mark::new(pool.clone());
    let mut first = pool.begin().await.unwrap();
    raw_insert(&mut first).await;
    let seen = s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
    assert_eq!(mark.advance().await.unwrap(), 0);
    let mut second = pool.begin().await.unwrap();
    raw_insert(&mut second).await;
    first.commit().await.unwrap();
    assert_eq!(mark.advance().await.unwrap(), seen);
    second.rollback().await.unwrap();
}

#[tokio::test]
async fn nothing_but_an_append_in_this_database_holds_the_mark() {
    let s = store().await;
    let pool = s.log.pool();
    let other = stage_testkit::database().await;
    // An append in another database of the cluster, under a lock of the same number.
    let mut elsewhere = other.pool.begin().await.unwrap();
    raw_insert(&mut elsewhere).await;
    // A long transaction that reads and writes here, but not the log, and holds other locks.
    let mut here = pool.begin().await.unwrap();
    sqlx::query("CREATE TABLE notes (name text)").execute(&mut *here).await.unwrap();
    sqlx::query("SELECT count(*) FROM events").execute(&mut *here).await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind(locks::NAMESPACE)
        .bind(locks::APPEND + 1_000_000)
        .execute(&mut *here)
        .await
        .unwrap();
    let position = s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
    assert_eq!(Mark::new(pool.clone()).advance().await.unwrap(), position);
    elsewhere.rollback().await.unwrap();
}

#[tokio::test]
async fn a_mark_is_always_the_position_of_an_event() {
    let s = store().await;
    let pool = s.log.pool();
    let position = s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
    let mut open = pool.begin().await.unwrap();
    raw_insert(&mut open).await;
    open.rollback().await.unwrap();
    assert_eq!(Mark::new(pool.clone()).advance().await.unwrap(), position);
}

#[tokio::test]
async fn the_position_is_taken_without_calling_a_function() {
    let s = store().await;
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN VERBOSE INSERT INTO events
            (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('a', 'b', 1, 'c', '1', '{}', '{}')",
    )
    .fetch_all(s.log.pool())
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("pg_advisory_xact_lock_shared") && !plan.contains("next_position"), "{plan}");
}

/// What one of three writers, or the follower, does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Append(usize),
    End(usize, bool),
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Step::Append),
        2 => (0..3_usize, any::<bool>()).prop_map(|(writer, well)| Step::End(writer, well)),
        3 => (1..5_usize).prop_map(Step::Read),
    ]
}

#[test]
fn whatever_the_interleaving_of_appends_a_follower_reads_each_event_once_and_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let s = runtime.block_on(store());
    let mut runner = TestRunner::new(Config { cases: 80, max_shrink_iters: 200, ..Config::default() });
    let steps = prop::collection::vec(step(), 1..40);
    runner
        .run(&steps, |steps| {
            let (read, there) = runtime.block_on(interleaved(&s.log, &steps));
            prop_assert_eq!(read, there);
            Ok(())
        })
        .unwrap();
}

/// What a follower read while the steps were done, and what is in the log afterwards.
async fn interleaved(log: &stage_store::Log, steps: &[Step]) -> (Vec<Position>, Vec<Position>) {
    let pool: &PgPool = log.pool();
    let start = highest(pool).await;
    let mut follower = log.follow(start);
    let mut writers: [Option<Transaction<'_, Postgres>>; 3] = [None, None, None];
    let mut read = Vec::new();
    for step in steps {
        match *step {
            Step::Append(writer) => {
                if writers[writer].is_none() {
                    writers[writer] = Some(pool.begin().await.unwrap());
                }
                raw_insert(writers[writer].as_mut().unwrap()).await;
            }
            Step::End(writer, well) => {
                if let Some(tx) = writers[writer].take() {
                    end(tx, well).await;
                }
            }
            Step::Read(limit) => {
                read.extend(follower.next(limit).await.unwrap().iter().map(|event| event.position));
            }
        }
    }
    for tx in writers.into_iter().flatten() {
        tx.commit().await.unwrap();
    }
    let there: Vec<Position> =
        sqlx::query_scalar("SELECT position FROM events WHERE position > $1 ORDER BY position")
            .bind(start)
            .fetch_all(pool)
            .await
            .unwrap();
    // All have ended, so each call brings something until there is nothing more.
    loop {
        let events = follower.next(7).await.unwrap();
        if events.is_empty() {
            return (read, there);
        }
        read.extend(events.iter().map(|event| event.position));
    }
}

async fn highest(pool: &PgPool) -> Position {
    sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM events").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_follower_goes_on_just_after_where_it_was_told() {
    let s = store().await;
    let first = s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
    let second = s.log.execute::<Post>(Uuid::now_v7(), support::import("b"), fresh()).await.unwrap().position;
    let mut follower = s.log.follow(first);
    let events = follower.next(10).await.unwrap();
    assert_eq!(events.iter().map(|e| e.position).collect::<Vec<_>>(), [second]);
    assert_eq!(follower.position(), second);
    assert!(follower.next(10).await.unwrap().is_empty());
}
