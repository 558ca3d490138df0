//! Redacting a post: what it said goes, its digest stays, an event tells of it, and nothing else can be changed so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use rstest::rstest;
use stage_domain::{
    Decide,
    post::{Post, PostCommand, PostEvent, RedactionReason},
};
use stage_store::{Act, Receipt, Redaction, StoreError, proof};
use support::{Store, at, fresh, import, store};
use uuid::Uuid;

const SECRET: &str = "Frau Muster wohnt am Markt 3";

/// A post that was imported, revised and hidden.
async fn post(s: &Store) -> Uuid {
    let id = Uuid::now_v7();
    s.log.execute::<Post>(id, import(SECRET), fresh()).await.unwrap();
    s.log.execute::<Post>(id, import(&format!("{SECRET}, oben")), Act::default()).await.unwrap();
    s.log.execute::<Post>(id, PostCommand::Hide { at: at() }, Act::default()).await.unwrap();
    id
}

async fn redact(s: &Store, id: Uuid) -> Result<Receipt, StoreError> {
    let loaded = s.log.load::<Post>(id).await?;
    let command = PostCommand::Redact { reason: RedactionReason::PersonalData, at: at() };
    let events = loaded.aggregate.decide(command).unwrap();
    let redaction = Redaction { id, version: loaded.version, types: &PostEvent::CONTENT, event: &events[0] };
    s.log.redact::<Post>(redaction, Act::default()).await
}

async fn rows(s: &Store) -> Vec<(String, String, Option<Vec<u8>>)> {
    sqlx::query_as("SELECT event_type, payload::text, redacted_digest FROM events ORDER BY position")
        .fetch_all(s.log.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn what_a_post_said_is_gone_and_the_digests_of_it_are_there() {
    let s = store().await;
    let id = post(&s).await;
    let before = rows(&s).await;
    let receipt = redact(&s, id).await.unwrap();
    assert_eq!(receipt.version, 4);
    let after = rows(&s).await;
    for ((event_type, payload, digest), (_, said, _)) in after.iter().zip(&before).take(2) {
        assert_eq!(payload, "{}", "{event_type}");
        assert_eq!(digest.as_deref().unwrap(), proof::digest(said).unwrap());
    }
    assert_eq!((&after[2].1, &after[2].2), (&before[2].1, &None), "what says nothing of it stays");
    assert_eq!(after[3].0, "PostRedacted");
    assert!(!after.iter().any(|(_, payload, _)| payload.contains(SECRET)));
    let post = s.log.load::<Post>(id).await.unwrap();
    assert!(post.aggregate.redacted && post.aggregate.home.is_some());
    assert_eq!((post.version, post.position), (4, receipt.position));
}

#[tokio::test]
async fn a_redacted_post_that_is_imported_again_stays_redacted() {
    let s = store().await;
    let id = post(&s).await;
    let redacted = redact(&s, id).await.unwrap();
    let again = s.log.execute::<Post>(id, import(SECRET), Act::default()).await.unwrap();
    assert_eq!(again, redacted, "no event");
    assert!(!rows(&s).await.iter().any(|(_, payload, _)| payload.contains(SECRET)));
}

#[tokio::test]
async fn who_follows_the_log_sees_that_it_was_redacted_and_nothing_of_what_it_said() {
    let s = store().await;
    let id = post(&s).await;
    let other = post(&s).await;
    redact(&s, id).await.unwrap();
    redact(&s, other).await.unwrap();
    let mut follower = s.log.follow(0);
    let mut seen = Vec::new();
    loop {
        // Two at once, so that a whole batch may be redacted.
        let batch = follower.next(2).await.unwrap();
        if batch.is_empty() {
            break;
        }
        for event in batch {
            event.event::<PostEvent>().unwrap();
            seen.push(event.event_type);
        }
    }
    assert_eq!(seen, ["PostHidden", "PostHidden", "PostRedacted", "PostRedacted"]);
}

#[tokio::test]
async fn a_redaction_that_was_decided_on_an_older_version_changes_nothing() {
    let s = store().await;
    let id = post(&s).await;
    let loaded = s.log.load::<Post>(id).await.unwrap();
    let events =
        loaded.aggregate.decide(PostCommand::Redact { reason: RedactionReason::Unlawful, at: at() }).unwrap();
    s.log.execute::<Post>(id, PostCommand::Show { at: at() }, Act::default()).await.unwrap();
    let redaction = Redaction { id, version: loaded.version, types: &PostEvent::CONTENT, event: &events[0] };
    let refused = s.log.redact::<Post>(redaction, Act::default()).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert!(rows(&s).await[0].1.contains(SECRET));
}

const DIGEST: &str = "'\\x0000000000000000000000000000000000000000000000000000000000000000'";

#[rstest]
#[case::without_telling(
    "UPDATE events SET payload = '{}', redacted_digest = DIGEST WHERE event_type = 'PostImported'"
)]
#[case::as_if_redacting(
    "BEGIN; SET LOCAL stage.redacting = 'on';
     UPDATE events SET payload = '{}', redacted_digest = DIGEST WHERE event_type = 'PostImported'"
)]
#[case::another_payload(
    "BEGIN; SET LOCAL stage.redacting = 'on'; UPDATE events SET payload = '{\"a\":1}', redacted_digest = DIGEST"
)]
#[case::another_type(
    "BEGIN; SET LOCAL stage.redacting = 'on';
     UPDATE events SET event_type = 'PostShown', payload = '{}', redacted_digest = DIGEST"
)]
#[case::without_digest("BEGIN; SET LOCAL stage.redacting = 'on'; UPDATE events SET payload = '{}'")]
#[case::telling_of_nothing(
    "SELECT redact_events('post', 'nobody', '{1}', ARRAY[DIGEST::bytea], 2, 'PostRedacted', '1', '{}', '{}')"
)]
#[tokio::test]
async fn no_other_way_empties_a_payload(#[case] sql: &str) {
    let s = store().await;
    post(&s).await;
    let before = rows(&s).await;
    let mut connection = s.log.pool().acquire().await.unwrap();
    sqlx::raw_sql(&sql.replace("DIGEST", DIGEST)).execute(&mut *connection).await.unwrap_err();
    sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.unwrap();
    assert_eq!(rows(&s).await, before);
}

#[tokio::test]
async fn what_is_redacted_stays_as_it_is() {
    let s = store().await;
    let id = post(&s).await;
    redact(&s, id).await.unwrap();
    let sql =
        format!("BEGIN; SET LOCAL stage.redacting = 'on'; UPDATE events SET redacted_digest = {DIGEST}");
    let mut connection = s.log.pool().acquire().await.unwrap();
    let refused = sqlx::raw_sql(&sql).execute(&mut *connection).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("23001"));
}
