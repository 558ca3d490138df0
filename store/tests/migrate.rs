//! Migrating while others use the database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{pin::pin, time::Duration};

#[tokio::test]
async fn a_migration_that_meets_a_table_in_use_steps_aside_and_tries_again() {
    let database = stage_testkit::database().await;
    let mut holder = database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").execute(&mut *holder).await.unwrap();
    let mut migrating = pin!(stage_store::migrate(&database.pool));
    // Longer than it waits at once.
    let early = tokio::time::timeout(Duration::from_millis(3_500), &mut migrating).await;
    assert!(early.is_err(), "it neither ended nor gave up: {early:?}");
    let refused =
        "SELECT count(*) FROM pg_locks WHERE relation = '_sqlx_migrations'::regclass AND NOT granted";
    let mut aside = false;
    for _ in 0..400 {
        let waiting: i64 = tokio::select! {
            waiting = sqlx::query_scalar(refused).fetch_one(&mut *holder) => waiting.unwrap(),
            ended = &mut migrating => panic!("{ended:?}"),
        };
        aside |= waiting == 0;
        let pause = tokio::time::timeout(Duration::from_millis(10), &mut migrating).await;
        assert!(pause.is_err(), "{pause:?}");
    }
    assert!(aside, "between two tries nobody waits behind it");
    holder.rollback().await.unwrap();
    migrating.await.unwrap();
}
