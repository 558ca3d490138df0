//! Migrating while others use the database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

#[tokio::test]
async fn a_migration_that_meets_a_table_in_use_steps_aside_and_tries_again() {
    let database = stage_testkit::database().await;
    let mut holder = database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").execute(&mut *holder).await.unwrap();
    let pool = database.pool.clone();
    let migrating = tokio::spawn(async move { stage_store::migrate(&pool).await });
    // Longer than it waits at once.
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert!(!migrating.is_finished(), "it has neither ended nor given up");
    holder.rollback().await.unwrap();
    migrating.await.unwrap().unwrap();
}
