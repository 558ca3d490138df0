//! What Slack is told, in which order and how often, and what becomes of what it does not take.

use std::time::Duration;

use stage_projections::outbox::DELIVERY_LIFE;
use stage_testkit::FakeSlack;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{common::House, quick};

#[tokio::test]
async fn slack_is_told_who_registered_and_which_stage_is_new_and_nothing_of_it_is_in_the_outbox() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    let ada = house.register("ada@example.org").await;
    house.stage(ada, "rathaus").await;
    let posts = slack.took(2).await;
    for fact in ["New registration", "First name: Ada", "Last name: Lovelace", "E-mail: ada@example.org"] {
        assert!(posts[0].text.contains(fact), "{}", posts[0].text);
    }
    assert!(posts[0].text.contains("Phone: +49 30 1234567"));
    assert!(posts[1].text.contains("New stage") && posts[1].text.contains("Name: Rathaus"));
    assert!(!posts[1].text.contains("Ada") && !posts[1].text.contains(&ada.account.to_string()));
    assert_eq!(house.settled("sent", 2).await.len(), 2);
    let rows: String = sqlx::query_scalar("SELECT string_agg(d::text, ' ') FROM outbox.deliveries d")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    for value in ["Ada", "Lovelace", "ada@example.org", "1234567", "Rathaus"] {
        assert!(!rows.contains(value), "{value} is in the outbox");
    }
    working.abort();
}

#[tokio::test]
async fn a_recipient_is_told_of_nothing_that_was_before_it_was_set_up() {
    let house = House::new().await;
    house.register("bob@example.org").await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    house.register("ada@example.org").await;
    let posts = slack.came(1).await;
    assert!(posts[0].text.contains("ada@example.org"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(slack.posts().len(), 1);
    working.abort();
}

#[tokio::test]
async fn a_recipient_that_is_set_up_while_an_append_is_open_is_told_of_it_too() {
    let house = House::new().await;
    let mut open = house.database.pool.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('stage', $1, 1, 'StageCreated', '1', json_build_object('StageCreated', json_build_object(
             'owner', $1, 'name', 'Rathaus', 'handle', 'rathaus', 'at', '2026-11-25T00:00:00Z')), '{}')",
    )
    .bind(Uuid::now_v7().to_string())
    .execute(&mut *open)
    .await
    .unwrap();
    // Its position is the higher one, and it can be seen.
    house.register("bob@example.org").await;
    let slack = FakeSlack::start().await;
    let working = house.tell_slack(&slack, quick()).await;
    open.commit().await.unwrap();
    let posts = slack.took(1).await;
    assert!(posts[0].text.contains("Rathaus"), "{posts:?}");
    working.abort();
}

#[tokio::test]
async fn one_that_asks_to_wait_is_left_alone_for_so_long_and_everything_comes_in_order() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(429, "rate_limited", Some(2)), (503, "", None)]);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("one@example.org").await;
    house.register("two@example.org").await;
    let refused = slack.came(2).await;
    assert_eq!([refused[0].status, refused[1].status], [429, 503]);
    assert!(refused[1].at - refused[0].at >= Duration::from_secs(2));
    let taken = slack.took(2).await;
    assert!(
        refused[..2]
            .iter()
            .chain(&taken[..1])
            .all(|post| post.text.contains("one@") && post.key == refused[0].key)
    );
    assert!(taken[1].text.contains("two@") && taken[1].key != taken[0].key);
    working.abort();
}

/// Of two who register, Slack takes the second alone.
async fn the_first_is_refused() -> (House, FakeSlack, JoinHandle<()>) {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(400, "invalid_payload", None)]);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("one@example.org").await;
    house.register("two@example.org").await;
    (house, slack, working)
}

#[tokio::test]
async fn what_is_refused_is_dead_at_once_and_holds_up_nothing() {
    let (house, slack, working) = the_first_is_refused().await;
    let posts = slack.took(1).await;
    assert!(posts[0].text.contains("two@"));
    let dead = house.settled("dead", 1).await;
    assert_eq!((dead[0].tries, dead[0].reason.as_deref()), (1, Some("invalid_payload")));
    assert!(house.deliveries().give_up(dead[0].id, "nobody misses it", chrono::Utc::now()).await.unwrap());
    assert!(!house.deliveries().give_up(dead[0].id, "twice", chrono::Utc::now()).await.unwrap());
    house.settled("dropped", 1).await;
    working.abort();
}

#[tokio::test]
async fn a_delivery_is_forgotten_a_month_after_it_was_settled_and_a_dead_one_only_once_somebody_dropped_it() {
    let (house, _slack, working) = the_first_is_refused().await;
    let dead = house.settled("dead", 1).await[0].id;
    let sent = house.settled("sent", 1).await[0].settled_at.unwrap();
    working.abort();
    let (deliveries, second) = (house.deliveries(), chrono::TimeDelta::seconds(1));
    assert_eq!(deliveries.sweep(sent + DELIVERY_LIFE - second).await.unwrap(), 0);
    assert_eq!(deliveries.sweep(sent + DELIVERY_LIFE + second).await.unwrap(), 1, "the one that was sent");
    assert_eq!(deliveries.sweep(sent + DELIVERY_LIFE * 12).await.unwrap(), 0, "somebody has to see it");
    let dropped = sent + DELIVERY_LIFE * 12;
    assert!(deliveries.give_up(dead, "nobody misses it", dropped).await.unwrap());
    assert_eq!(deliveries.sweep(dropped + DELIVERY_LIFE - second).await.unwrap(), 0);
    assert_eq!(deliveries.sweep(dropped + DELIVERY_LIFE + second).await.unwrap(), 1);
}

#[tokio::test]
async fn what_fails_again_and_again_is_dead_after_so_many_tries_and_can_be_sent_once_more() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    slack.will_answer([(404, "no_service", None); 4]);
    let working = house.tell_slack(&slack, quick()).await;
    house.register("ada@example.org").await;
    let dead = house.settled("dead", 1).await;
    assert_eq!((dead[0].tries, dead[0].reason.as_deref()), (4, Some("no_service")));
    let status = house.deliveries().status().await.unwrap();
    assert_eq!((status[0].recipient.as_str(), status[0].dead, status[0].waiting), ("slack", 1, 0));
    assert_eq!(house.deliveries().troubles(10).await.unwrap()[0].id, dead[0].id);
    assert!(house.deliveries().retry(dead[0].id, chrono::Utc::now()).await.unwrap());
    house.settled("sent", 1).await;
    let posts = slack.posts();
    assert_eq!(posts.len(), 5);
    assert!(posts.iter().all(|post| post.key == dead[0].id.to_string()));
    working.abort();
}

#[tokio::test]
async fn an_error_of_the_system_is_told_once_and_says_nothing_about_a_person() {
    let house = House::new().await;
    let slack = FakeSlack::start().await;
    sqlx::query(
        "INSERT INTO projection_checkpoints (name, version, position, state, failed_position, error)
         VALUES ('feed', 1, 4, 'failed', 5, 'PostImported version 1: the field text is missing')",
    )
    .execute(&house.database.pool)
    .await
    .unwrap();
    let working = house.tell_slack(&slack, quick()).await;
    let posts = slack.came(1).await;
    for part in ["A part of Stage has stopped", "feed", "At position: 5", "stage projections status"] {
        assert!(posts[0].text.contains(part), "{}", posts[0].text);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(slack.posts().len(), 1);
    working.abort();
}
