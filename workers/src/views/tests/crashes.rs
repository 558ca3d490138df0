use std::time::{Duration, Instant};

use super::house::{House, eventually, stop_at, within_patience};
use crate::views::fault::{Faults, Step};

#[tokio::test]
async fn views_are_counted_and_their_journal_is_deleted() {
    let mut house = House::new().await;
    let journal = house.journal();
    let processes = [house.publish(&journal, Faults::default()), house.count(Faults::default())];
    house.view(&journal, 100);
    eventually("all is counted", async || house.total().await == 100).await;
    drop((journal, processes));
    house.ends_with_each_view_counted_once().await;
}

async fn publisher_dies_at(step: Step, nth: usize) {
    let mut house = House::new().await;
    let _counter = house.count(Faults::default());
    let journal = house.journal();
    let (faults, stopped) = stop_at(step, nth);
    let publisher = house.publish(&journal, faults);
    house.view(&journal, 40);
    within_patience("the publisher stops", &stopped).await;
    house.view(&journal, 10);
    publisher.kill().await;
    drop((journal, _counter));
    house.ends_with_each_view_counted_once().await;
}

async fn counter_dies_at(step: Step, nth: usize) {
    let mut house = House::new().await;
    let journal = house.journal();
    let publisher = house.publish(&journal, Faults::default());
    let (faults, stopped) = stop_at(step, nth);
    let counter = house.count(faults);
    house.view(&journal, 40);
    within_patience("the counter stops", &stopped).await;
    house.view(&journal, 10);
    counter.kill().await;
    drop((journal, publisher));
    house.ends_with_each_view_counted_once().await;
}

#[tokio::test]
async fn each_view_is_counted_once_when_the_publisher_dies_before_it_sends() {
    publisher_dies_at(Step::Read, 1).await;
    publisher_dies_at(Step::Read, 3).await;
}

#[tokio::test]
async fn each_view_is_counted_once_when_the_publisher_dies_while_it_sends() {
    publisher_dies_at(Step::Sent, 1).await;
    publisher_dies_at(Step::Sent, 3).await;
}

#[tokio::test]
async fn each_view_is_counted_once_when_the_publisher_dies_before_it_notes_that_it_sent() {
    publisher_dies_at(Step::Stored, 1).await;
    publisher_dies_at(Step::Stored, 3).await;
}

#[tokio::test]
async fn each_view_is_counted_once_when_the_counter_dies_before_it_commits() {
    counter_dies_at(Step::Received, 1).await;
    counter_dies_at(Step::Received, 2).await;
}

#[tokio::test]
async fn each_view_is_counted_once_when_the_counter_dies_after_it_committed() {
    counter_dies_at(Step::Committed, 1).await;
    counter_dies_at(Step::Committed, 2).await;
}

#[tokio::test]
async fn each_view_is_counted_once_when_the_counter_dies_after_it_purged() {
    counter_dies_at(Step::Purged, 1).await;
    counter_dies_at(Step::Purged, 2).await;
}

#[tokio::test]
async fn each_view_is_counted_once_while_the_database_ends_every_session_again_and_again() {
    let mut house = House::new().await;
    let journal = house.journal();
    let processes = [
        house.publish(&journal, Faults::default()),
        house.count(Faults::default()),
        house.count(Faults::default()),
    ];
    for _ in 0..15 {
        house.view(&journal, 50);
        eventually("a counter leads and its session is ended", async || ends_every_session(&house).await)
            .await;
    }
    drop((journal, processes));
    house.ends_with_each_view_counted_once().await;
}

/// Ends all sessions at once when there is a leader among them. The leader is told by its lock, which it holds whatever it
/// does; what it last asked is gone in a moment.
async fn ends_every_session(house: &House) -> bool {
    let ended: i64 = sqlx::query_scalar(
        "WITH leaders AS (
             SELECT pid FROM pg_locks JOIN pg_database ON oid = database
             WHERE locktype = 'advisory' AND datname = current_database()
         )
         SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND EXISTS (SELECT FROM leaders)",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    ended > 0
}

#[tokio::test]
async fn another_counter_takes_over_within_seconds_from_one_that_hangs() {
    let mut house = House::new().await;
    house.settings.heartbeat = crate::views::Settings::default().heartbeat;
    let journal = house.journal();
    let publisher = house.publish(&journal, Faults::default());
    // Its connection stays open and its lock stays taken, as with a process that is stopped or cut off.
    let (faults, stopped) = stop_at(Step::Received, 1);
    let hanging = house.count(faults);
    house.view(&journal, 10);
    within_patience("the leader hangs", &stopped).await;
    let since = Instant::now();
    let second = house.count(Faults::default());
    eventually("the other one counts", async || house.total().await == 10).await;
    assert!(since.elapsed() < Duration::from_secs(8), "took {:?}", since.elapsed());
    drop((journal, publisher, hanging, second));
    house.ends_with_each_view_counted_once().await;
}
