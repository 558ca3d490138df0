//! How the log is said to be: what holds it back is named, and what does not is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use stage_domain::stage::Stage;
use stage_store::{Mark, log::status::status};
use support::{create, fresh, raw_insert, store};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_millis(100);

async fn session(url: &str, name: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    PgConnection::connect_with(&options.application_name(name)).await.unwrap()
}

#[tokio::test]
async fn an_append_that_is_held_open_is_named_with_its_age() {
    let s = store().await;
    let pool = s.log.pool();
    let before = s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
    let mut mark = Mark::new(pool.clone());
    assert_eq!(mark.look(PATIENCE).await.unwrap(), before);
    let mut holder = session(&s.database.url, "a forgotten script").await;
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut holder).await.unwrap();
    let mut open = holder.begin().await.unwrap();
    let held = raw_insert(&mut open).await;
    let after = s.log.execute::<Stage>(Uuid::now_v7(), create("b"), fresh()).await.unwrap().position;

    let told = status(pool).await.unwrap();
    assert_eq!((told.last, told.events), (after, 2));
    let [named] = told.open.as_slice() else { panic!("{told:?}") };
    assert_eq!((named.pid, named.application.as_deref()), (Some(pid), Some("a forgotten script")));
    assert_eq!(named.state.as_deref(), Some("idle in transaction"));
    let first = named.seconds.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(status(pool).await.unwrap().open[0].seconds.unwrap() > first, "it grows older");
    assert_eq!(mark.look(PATIENCE).await.unwrap(), before, "it holds the mark below {held}");
    let mut new = Mark::new(pool.clone());
    assert_eq!(new.look(PATIENCE).await.unwrap(), 0, "who looks for the first time knows nothing yet");
    new.raise(before);
    assert_eq!(new.look(PATIENCE).await.unwrap(), before);

    open.rollback().await.unwrap();
    assert_eq!(status(pool).await.unwrap().open, []);
    assert_eq!(mark.look(PATIENCE).await.unwrap(), after);
}

#[tokio::test]
async fn a_session_left_idle_in_a_transaction_of_another_database_holds_nothing_back() {
    let s = store().await;
    let other = stage_testkit::database().await;
    let mut elsewhere = session(&other.url, "left idle").await;
    let mut idle = elsewhere.begin().await.unwrap();
    raw_insert(&mut idle).await;
    let state: String =
        sqlx::query_scalar("SELECT state FROM pg_stat_activity WHERE application_name = 'left idle'")
            .fetch_one(s.log.pool())
            .await
            .unwrap();
    assert_eq!(state, "idle in transaction");
    let position = s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap().position;
    assert_eq!(Mark::new(s.log.pool().clone()).look(PATIENCE).await.unwrap(), position);
    assert_eq!(status(s.log.pool()).await.unwrap().open, []);
    idle.rollback().await.unwrap();
}
