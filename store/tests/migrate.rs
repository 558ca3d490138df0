//! Migrating while others use the database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, pin::pin, time::Duration};

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

/// They came before the first release, when no such table was large.
const BEFORE_THE_FIRST_RELEASE: [&str; 2] = ["0012_rights.sql", "0026_public_changes.sql"];

#[test]
fn no_migration_makes_an_index_on_a_table_that_may_be_large_already() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
    let mut indexes = 0;
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|kind| kind == "sql")) {
        let sql = fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let made =
            sql.split("CREATE ").filter(|made| made.starts_with("INDEX") || made.starts_with("UNIQUE INDEX"));
        for index in made {
            indexes += 1;
            let (_, on) = index.split_once(" ON ").unwrap();
            let table = on.split_whitespace().next().unwrap();
            let fresh = sql.contains(&format!("CREATE TABLE {table}"));
            assert!(
                fresh || BEFORE_THE_FIRST_RELEASE.contains(&name),
                "{name} stops whoever writes into {table} until its index is made: see migrations/README.md"
            );
        }
    }
    assert!(indexes > 30, "{indexes} are all there are");
}
