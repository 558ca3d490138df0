//! Stages: handles, owners, versions, and commands that are sent again.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bytes::Bytes;
use common::{House, at, keyed, request};
use stage_commands::{CommandError, Missing, Request};
use stage_domain::topics::{Rule, RuleKind, Rules};

#[tokio::test]
async fn a_handle_belongs_to_one_stage_until_it_is_given_back() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let taken = house.commands.create_stage(bob, "Other", "Rathaus", request(0)).await;
    assert!(matches!(taken, Err(CommandError::Taken { field: "handle" })), "{taken:?}");
    house.commands.change_stage(ada, stage, None, Some("stadt"), request(0)).await.unwrap();
    let other = house.stage(bob, "rathaus").await;
    let taken = house.commands.change_stage(bob, other, None, Some("stadt"), request(0)).await;
    assert!(matches!(taken, Err(CommandError::Taken { field: "handle" })), "{taken:?}");
    house.commands.close_stage(ada, stage, request(0)).await.unwrap();
    house.commands.change_stage(bob, other, None, Some("stadt"), request(0)).await.unwrap();
}

#[tokio::test]
async fn a_stage_is_nobody_elses_business() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let bob = house.registered("bob@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let refusals = [
        house.commands.change_stage(bob, stage, Some("Mine"), None, request(0)).await,
        house.commands.close_stage(bob, stage, request(0)).await,
        house.commands.define_topic(bob, stage, "Kultur", Rules::default(), request(0)).await,
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Err(CommandError::NotFound(Missing::Stage))), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_change_to_a_version_that_has_passed_is_refused() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let expecting = |version| Request { expected: Some(version), ..request(0) };
    house.commands.change_stage(ada, stage, Some("Stadt"), None, expecting(1)).await.unwrap();
    let refused = house.commands.change_stage(ada, stage, Some("Dorf"), None, expecting(1)).await;
    assert!(matches!(refused, Err(CommandError::Version { expected: 1, actual: 2 })), "{refused:?}");
    let refused = house.commands.define_topic(ada, stage, "Kultur", Rules::default(), expecting(1)).await;
    assert!(matches!(refused, Err(CommandError::Version { expected: 1, actual: 2 })), "{refused:?}");
}

#[tokio::test]
async fn concurrent_changes_to_one_stage_are_all_made() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let topics = (0..4).map(|number| {
        let commands = house.commands.clone();
        async move {
            let rule = Rule { kind: RuleKind::Term, text: format!("wort{number}") };
            let rules = Rules { include: vec![rule], exclude: vec![] };
            commands.define_topic(ada, stage, &format!("Thema {number}"), rules, request(0)).await
        }
    });
    for done in futures::future::join_all(topics).await {
        done.unwrap();
    }
    let loaded = house.commands.log.load::<stage_domain::stage::Stage>(stage.0).await.unwrap();
    assert_eq!((loaded.version, loaded.aggregate.topics.len()), (5, 4));
}

#[tokio::test]
async fn a_command_sent_again_with_its_key_is_carried_out_once() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let first = house.commands.create_stage(ada, "Rathaus", "rathaus", keyed("k", 1)).await.unwrap();
    let again = house.commands.create_stage(ada, "Rathaus", "rathaus", keyed("k", 1)).await.unwrap();
    assert_eq!(first, again);
    let reused = house.commands.create_stage(ada, "Rathaus", "rathaus", keyed("k", 2)).await;
    assert!(matches!(reused, Err(CommandError::IdempotencyKeyReused)), "{reused:?}");
    let bob = house.registered("bob@example.org").await;
    house.commands.create_stage(bob, "Other", "other", keyed("k", 3)).await.unwrap();
}

#[tokio::test]
async fn ten_sendings_at_once_with_one_key_are_one_command() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let sendings = (0..10).map(|_| {
        let commands = house.commands.clone();
        async move { commands.create_stage(ada, "Rathaus", "rathaus", keyed("k", 1)).await }
    });
    let answers: Vec<_> = futures::future::join_all(sendings).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(house.events().await, 2);
}

#[tokio::test]
async fn a_registration_sent_again_with_its_key_is_one_account() {
    let house = House::new().await;
    let first = house.commands.register(common::person("ada@example.org"), keyed("k", 1)).await.unwrap();
    let again = house.commands.register(common::person("ada@example.org"), keyed("k", 1)).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(house.events().await, 1);
}

#[tokio::test]
async fn a_picture_is_kept_until_its_stage_is_closed() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let picture = bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\n and so on");
    let done = house.commands.add_media(ada, stage, picture.clone(), request(0)).await.unwrap();
    let kept = house.commands.media(done.id.into()).await.unwrap();
    assert_eq!((kept.content_type.as_str(), kept.bytes), ("image/png", picture));
    let refused = house.commands.add_media(ada, stage, "<svg/>".into(), request(0)).await;
    assert!(matches!(refused, Err(CommandError::UnsupportedMedia)));
    house.commands.close_stage(ada, stage, request(0)).await.unwrap();
    let gone = house.commands.media(done.id.into()).await;
    assert!(matches!(gone, Err(CommandError::NotFound(Missing::Media))));
}

#[tokio::test]
async fn a_refused_picture_leaves_nothing_behind() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let picture = bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\n");
    let request = Request { expected: Some(999), ..request(0) };
    let media = request.new_id;
    let refused = house.commands.add_media(ada, stage, picture, request).await;
    assert!(matches!(refused, Err(CommandError::Version { .. })), "{refused:?}");
    assert!(house.commands.objects.get(&format!("media/{media}")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_command_sent_again_is_answered_also_when_it_could_not_be_carried_out_any_more() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let define = || house.commands.define_topic(ada, stage, "Kultur", Rules::default(), keyed("k", 1));
    let first = define().await.unwrap();
    house.commands.close_stage(ada, stage, request(0)).await.unwrap();
    assert_eq!(define().await.unwrap(), first);
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let create = |handle: &'static str, seconds| {
        let request = Request { at: common::at(seconds), ..keyed("k", 1) };
        house.commands.create_stage(ada, "Rathaus", handle, request)
    };
    let first = create("one", 0).await.unwrap();
    assert_eq!(create("one", 86_399).await.unwrap(), first);
    assert_ne!(create("two", 86_400).await.unwrap(), first);
    assert_eq!(house.commands.sweep(common::at(3 * 86_400)).await.unwrap().idempotency_keys, 1);
}

#[tokio::test]
async fn a_file_that_no_event_names_is_deleted_after_a_day_and_one_that_an_event_names_never() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let picture = Bytes::from_static(b"\x89PNG\r\n\x1a\n rest");
    let kept = house.commands.add_media(ada, stage, picture.clone(), request(0)).await.unwrap().id;
    let is_there = async |file: uuid::Uuid| {
        house.commands.objects.get(&format!("media/{file}")).await.unwrap().is_some()
    };
    // The append ends in an error that does not say whether it was done.
    let sql = async |sql: &str| sqlx::raw_sql(sql).execute(&house.database.pool).await.unwrap();
    sql(
        "CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
         CREATE TRIGGER break_off BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION break_off()",
    )
    .await;
    let request_ = request(1);
    let orphan = request_.new_id;
    let broken = house.commands.add_media(ada, stage, picture, request_).await;
    assert!(matches!(broken, Err(CommandError::Store(_))), "{broken:?}");
    sql("DROP TRIGGER break_off ON events").await;
    assert!(is_there(orphan).await);
    let day = 24 * 60 * 60;
    assert_eq!(house.commands.sweep(at(day)).await.unwrap().uploads, 0);
    assert!(is_there(orphan).await);

    // While the object store is away, nothing is forgotten.
    assert!(house.without_objects().await.sweep(at(day + 1)).await.is_err());
    assert_eq!(house.commands.sweep(at(day + 1)).await.unwrap().uploads, 1);
    assert!(!is_there(orphan).await);
    assert_eq!(house.commands.sweep(at(365 * day)).await.unwrap().uploads, 0);
    assert!(is_there(kept).await);
}

#[tokio::test]
async fn a_file_that_was_swept_is_named_by_no_event() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    // The sweep comes between the file and its event, which takes longer than a day to be appended.
    sqlx::raw_sql(
        "CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM uploads; RETURN NEW; END';
         CREATE TRIGGER sweep BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION sweep()",
    )
    .execute(&house.database.pool)
    .await
    .unwrap();
    let before = house.events().await;
    let picture = Bytes::from_static(b"\x89PNG\r\n\x1a\n rest");
    let swept = house.commands.add_media(ada, stage, picture, request(1)).await;
    assert!(matches!(swept, Err(CommandError::Store(_))), "{swept:?}");
    assert_eq!(house.events().await, before);
}

#[tokio::test]
async fn a_stage_that_is_closed_takes_what_its_uploads_left_with_it() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    let orphan = uuid::Uuid::now_v7();
    let object = stage_store::Object { content_type: "image/png".into(), bytes: Bytes::from_static(b"rest") };
    house.commands.objects.put(&format!("media/{orphan}"), object).await.unwrap();
    sqlx::query("INSERT INTO uploads (id, stage_id, begun_at) VALUES ($1, $2, $3)")
        .bind(orphan)
        .bind(stage.0)
        .bind(at(0))
        .execute(&house.database.pool)
        .await
        .unwrap();
    house.commands.close_stage(ada, stage, request(1)).await.unwrap();
    assert!(house.commands.objects.get(&format!("media/{orphan}")).await.unwrap().is_none());
}
