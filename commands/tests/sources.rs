//! Linking, polling and importing.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{House, at, request, text};
use stage_commands::{
    CommandError, Missing,
    posts::Moderation,
    sources::{Fetched, Imported},
};
use stage_domain::{
    PostId,
    post::{Post, PostContent},
    source::{Cursor, Failure, FailureKind, Network, Source},
};

const HOLD: Duration = Duration::from_secs(60);

fn fetched(posts: &[(&str, &str)]) -> Fetched {
    let posts = posts.iter().map(|(id, says)| ((*id).to_owned(), text(says))).collect();
    Fetched { title: Some("News".into()), cursor: Cursor::default(), wait: None, posts }
}

#[tokio::test]
async fn a_stage_links_an_address_once() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let link = || house.commands.link_source(ada, stage, Network::Feed, "example.org/feed", None, request(0));
    assert!(matches!(link().await, Err(CommandError::Taken { field: "address" })));
    house.commands.unlink_source(ada, stage, source, request(0)).await.unwrap();
    link().await.unwrap();
}

#[tokio::test]
async fn importing_the_same_document_again_appends_nothing() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let import = |posts| house.commands.import(source, posts, at(0));
    let first = import(fetched(&[("1", "a"), ("2", "b"), ("1", "not the first")])).await.unwrap();
    assert_eq!((first.imported, first.revised, first.events), (2, 0, 3));
    let before = house.events().await;
    let again = import(fetched(&[("1", "a"), ("2", "b")])).await.unwrap();
    assert_eq!(Imported { position: again.position, ..Imported::default() }, again);
    assert_eq!(house.events().await, before);
    let revised = import(fetched(&[("1", "a"), ("2", "B"), ("3", "c")])).await.unwrap();
    assert_eq!((revised.imported, revised.revised, revised.events), (1, 1, 3));
}

#[tokio::test]
async fn a_hidden_post_stays_hidden_when_it_is_revised() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    house.commands.import(source, fetched(&[("1", "a")]), at(0)).await.unwrap();
    let post = PostId::of(source, "1");
    house.commands.moderate(ada, stage, post, Moderation::Hide, request(0)).await.unwrap();
    house.commands.import(source, fetched(&[("1", "b")]), at(0)).await.unwrap();
    let post = house.commands.log.load::<Post>(post.0).await.unwrap().aggregate;
    assert!(post.hidden);
    assert_eq!(post.content.text, "b");
}

#[tokio::test]
async fn two_imports_at_once_of_one_document_import_each_post_once() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let posts: Vec<_> = (0..50).map(|n| (n.to_string(), text("a"))).collect();
    let document = Fetched { title: None, cursor: Cursor::default(), wait: None, posts };
    let imports = (0..4).map(|_| {
        let (commands, document) = (house.commands.clone(), document.clone());
        async move { commands.import(source, document, at(0)).await.unwrap().imported }
    });
    let imported: u32 = futures::future::join_all(imports).await.into_iter().sum();
    assert_eq!(imported, 50);
    let twice: i64 = sqlx::query_scalar(
        "SELECT count(*) - count(DISTINCT aggregate_id) FROM events WHERE aggregate_type = 'post'",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    assert_eq!(twice, 0);
}

#[tokio::test]
async fn nothing_is_imported_into_a_closed_stage_or_from_an_unlinked_source() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let unlinked = house.source(ada, stage, "https://example.org/1").await;
    let linked = house.source(ada, stage, "https://example.org/2").await;
    house.commands.unlink_source(ada, stage, unlinked, request(0)).await.unwrap();
    house.commands.close_stage(ada, stage, request(0)).await.unwrap();
    for source in [unlinked, linked] {
        let refused = house.commands.import(source, fetched(&[("1", "a")]), at(0)).await;
        assert!(matches!(refused, Err(CommandError::NotFound(Missing::Source))), "{refused:?}");
    }
    assert!(house.commands.take_due_polls(at(1), 10, HOLD).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_due_poll_is_held_by_one_worker_and_comes_back_when_it_dies() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let take = |seconds| house.commands.take_due_polls(at(seconds), 10, HOLD);
    assert_eq!(take(0).await.unwrap()[0].source, source);
    assert!(take(1).await.unwrap().is_empty());
    assert_eq!(take(61).await.unwrap().len(), 1);
    house.commands.import(source, fetched(&[]), at(62)).await.unwrap();
    assert!(take(70).await.unwrap().is_empty());
    assert_eq!(take(62 + 15 * 60).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_poll_that_a_person_asks_for_is_due_at_once_also_while_another_goes_on() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    house.commands.take_due_polls(at(0), 10, HOLD).await.unwrap();
    house.commands.poll_now(ada, stage, source, request(1)).await.unwrap();
    house.commands.import(source, fetched(&[]), at(2)).await.unwrap();
    assert_eq!(house.commands.take_due_polls(at(3), 10, HOLD).await.unwrap().len(), 1);
    let expecting = stage_commands::Request { expected: Some(9), ..request(4) };
    let refused = house.commands.poll_now(ada, stage, source, expecting).await;
    assert!(matches!(refused, Err(CommandError::Version { expected: 9, actual: 2 })), "{refused:?}");
}

#[tokio::test]
async fn a_failing_source_is_polled_less_and_less_and_recovers() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let failure = Failure { kind: FailureKind::Refused, detail: "the server answered 500".into() };
    let mut now = 0;
    for wait in [15, 30, 60] {
        assert_eq!(house.commands.take_due_polls(at(now), 10, HOLD).await.unwrap().len(), 1);
        house.commands.poll_failed(source, failure.clone(), None, at(now)).await.unwrap();
        assert!(house.commands.take_due_polls(at(now + wait * 60 - 1), 10, HOLD).await.unwrap().is_empty());
        now += wait * 60;
    }
    assert_eq!(house.commands.take_due_polls(at(now), 10, HOLD).await.unwrap().len(), 1);
    let asked_to_wait = Some(Duration::from_secs(6 * 3600));
    house.commands.poll_failed(source, failure, asked_to_wait, at(now)).await.unwrap();
    assert_eq!(house.commands.schedules(&[source]).await.unwrap()[0].due_at, at(now + 6 * 3600));
    let loaded = house.commands.log.load::<Source>(source.0).await.unwrap();
    assert_eq!((loaded.version, loaded.aggregate.failing), (2, Some(FailureKind::Refused)));
    house.commands.not_modified(source, at(now)).await.unwrap();
    let loaded = house.commands.log.load::<Source>(source.0).await.unwrap();
    assert_eq!((loaded.version, loaded.aggregate.failing), (3, None));
    assert_eq!(house.commands.schedules(&[source]).await.unwrap()[0].failures, 0);
}

#[tokio::test]
async fn a_paused_source_is_not_polled_until_it_goes_on() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let pause = |paused, seconds| {
        house.commands.change_source(ada, stage, source, None, Some(paused), request(seconds))
    };
    pause(true, 0).await.unwrap();
    assert!(house.commands.take_due_polls(at(1), 10, HOLD).await.unwrap().is_empty());
    let refused = house.commands.poll_now(ada, stage, source, request(1)).await;
    assert!(matches!(refused, Err(CommandError::Refused(_))));
    pause(false, 2).await.unwrap();
    assert_eq!(house.commands.take_due_polls(at(2), 10, HOLD).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_post_is_moderated_on_its_own_stage_alone_and_put_into_its_own_topics() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let other = house.stage(ada, "other").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let posts = vec![("1".to_owned(), PostContent::default())];
    house
        .commands
        .import(source, Fetched { title: None, cursor: Cursor::default(), wait: None, posts }, at(0))
        .await
        .unwrap();
    let post = PostId::of(source, "1");
    let elsewhere = house.commands.moderate(ada, other, post, Moderation::Hide, request(0)).await;
    assert!(matches!(elsewhere, Err(CommandError::NotFound(Missing::Post))));
    let unknown = Moderation::Assign(Some(vec![uuid::Uuid::now_v7().into()]));
    let Err(CommandError::Invalid(invalid)) =
        house.commands.moderate(ada, stage, post, unknown, request(0)).await
    else {
        panic!("must be refused")
    };
    assert_eq!(invalid.0[0].field, "topics/0");
}

#[tokio::test]
async fn a_source_is_polled_no_more_often_than_its_interval_and_its_document_say() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    let due = async |seconds| {
        assert_eq!(house.commands.schedules(&[source]).await.unwrap()[0].due_at, at(seconds));
        assert_eq!(house.commands.take_due_polls(at(seconds), 10, HOLD).await.unwrap().len(), 1);
    };
    let week = 7 * 24 * 60 * 60;
    due(0).await;
    let hour = Fetched { wait: Some(Duration::from_secs(3600)), ..fetched(&[]) };
    house.commands.import(source, hour, at(0)).await.unwrap();
    due(3600).await;
    house.commands.change_source(ada, stage, source, Some(7 * 24 * 60), None, request(3600)).await.unwrap();
    house.commands.import(source, fetched(&[]), at(3600)).await.unwrap();
    due(3600 + week).await;
    let failure = Failure { kind: FailureKind::TimedOut, detail: "no answer".into() };
    house.commands.poll_failed(source, failure, None, at(3600 + week)).await.unwrap();
    due(3600 + 2 * week).await;
}

#[tokio::test]
async fn a_schedule_that_a_closing_stage_left_behind_is_gone_after_one_poll() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let source = house.source(ada, stage, "https://example.org/feed").await;
    house.commands.close_stage(ada, stage, request(0)).await.unwrap();
    sqlx::query(
        "INSERT INTO poll_schedule (source_id, stage_id, interval_minutes, due_at) VALUES ($1, $2, 15, $3)",
    )
    .bind(source.0)
    .bind(stage.0)
    .bind(at(0))
    .execute(&house.database.pool)
    .await
    .unwrap();
    assert_eq!(house.commands.take_due_polls(at(1), 10, HOLD).await.unwrap().len(), 1);
    house.commands.import(source, fetched(&[("1", "a")]), at(1)).await.unwrap_err();
    assert!(house.commands.take_due_polls(at(1000), 10, HOLD).await.unwrap().is_empty());
}
