//! Workers that die, and two at once.

use std::time::Duration;

use stage_testkit::FakeSlack;

use crate::{common::House, quick};

#[tokio::test]
async fn killed_between_sending_and_noting_it_sends_again_with_the_same_key_and_in_order() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.hold(true);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("one@example.org").await;
    house.register("two@example.org").await;
    slack.came(1).await;
    working.abort();
    let _ = working.await;
    slack.hold(false);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let working = house.tell_slack(&slack, quick()).await;
    let posts = slack.took(3).await;
    assert_eq!(posts[0].key, posts[1].key);
    assert!(posts[1].text.contains("one@") && posts[2].text.contains("two@"));
    // It is noted whom the first was about although nobody lived to hear the answer.
    let disclosed: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox.disclosures")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert_eq!(disclosed, 2);
    working.abort();
}

#[tokio::test]
async fn each_event_is_enqueued_once_however_often_the_worker_dies() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    // Nothing leaves, so that all that is enqueued stays to be counted.
    slack.hold(true);
    let mut working = house.tell_slack(&slack, quick()).await;
    for number in 0..12 {
        house.register(&format!("p{number}@example.org")).await;
        if number % 2 == 1 {
            working.abort();
            let _ = working.await;
            working = house.tell_slack(&slack, quick()).await;
        }
    }
    house.enqueued(12).await;
    // Not even a checkpoint that somebody sets back enqueues anything twice.
    working.abort();
    let _ = working.await;
    sqlx::query("UPDATE projection_checkpoints SET position = 0 WHERE name = 'outbox_slack'")
        .execute(&house.database.pool)
        .await
        .unwrap();
    let working = house.tell_slack(&slack, quick()).await;
    house.caught_up("outbox_slack").await;
    assert_eq!(house.enqueued(12).await, 12);
    working.abort();
}

#[tokio::test]
async fn of_two_workers_one_sends() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    let one = house.tell_slack(&slack, quick()).await;
    let two = house.tell_slack(&slack, quick()).await;
    for number in 0..3 {
        house.register(&format!("p{number}@example.org")).await;
    }
    house.settled("sent", 3).await;
    assert_eq!(slack.posts().len(), 3);
    one.abort();
    two.abort();
}
