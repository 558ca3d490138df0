//! Migrating while others use the database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use tracing_subscriber::{Layer, layer::SubscriberExt as _};

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

/// What is warned of.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        if event.metadata().target() == "stage_store" {
            let mut text = Text(String::new());
            event.record(&mut text);
            self.0.lock().unwrap().push(text.0);
        }
    }
}

#[tokio::test]
async fn who_waits_for_a_migration_is_told_which_one_waits_and_for_how_many_others() {
    let database = stage_testkit::database().await;
    // As if the hubs were not there yet, and somebody else were about to make them.
    sqlx::raw_sql("DROP TABLE outbox.hubs; DELETE FROM _sqlx_migrations WHERE version = 37")
        .execute(&database.pool)
        .await
        .unwrap();
    let mut holder = database.pool.begin().await.unwrap();
    sqlx::query("CREATE TABLE outbox.hubs ()").execute(&mut *holder).await.unwrap();
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(warnings.clone()));
    let mut migrating = pin!(stage_store::migrate(&database.pool));
    let early = tokio::time::timeout(Duration::from_secs(7), &mut migrating).await;
    assert!(early.is_err(), "{early:?}");
    let told = warnings.0.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "not at each try: {told:?}");
    assert!(told[0].contains("migration=37 sessions=1 tries=1 "), "{told:?}");
    holder.rollback().await.unwrap();
    migrating.await.unwrap();
    assert!(stage_store::is_migrated(&database.pool).await.unwrap());
}
