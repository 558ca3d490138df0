//! What a person may ask for about their data: correcting, restricting, objecting, a copy. Erasing is in erasure.rs.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{House, PASSWORD, at, keyed, person, request};
use futures::{StreamExt as _, TryStreamExt as _};
use stage_commands::{CommandError, Missing, Request, accounts::Correct};
use stage_domain::{account::Purpose, stage::Role};
use stage_store::ClaimKind;
use uuid::Uuid;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest";

fn email(email: &str) -> Correct {
    Correct { email: Some(email.into()), ..Correct::default() }
}

#[tokio::test]
async fn a_corrected_address_is_the_one_to_log_in_with_and_the_old_one_is_free() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.registered("bob@example.org").await;
    let taken = house.commands.correct_account(ada.account, email("BOB@example.org"), request(1)).await;
    assert!(matches!(taken, Err(CommandError::Taken { field: "email" })), "{taken:?}");
    assert!(house.log_in("ada@example.org").await.is_ok(), "what was refused changed nothing");

    let correct =
        Correct { last_name: Some("King".into()), phone: Some(String::new()), ..email("king@example.org") };
    house.commands.correct_account(ada.account, correct, request(2)).await.unwrap();
    assert!(house.log_in("king@example.org").await.is_ok());
    assert!(matches!(house.log_in("ada@example.org").await, Err(CommandError::WrongCredentials)));
    house.commands.register(person("ada@example.org"), request(3)).await.unwrap();
    let known = house.account(ada.account).await.person.unwrap();
    assert_eq!(known.last_name.known().unwrap(), "King");
    assert_eq!(known.first_name.known().unwrap(), "Ada");
}

#[tokio::test]
async fn an_address_in_another_spelling_stays_the_persons_own() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.commands.correct_account(ada.account, email("Ada@Example.org"), request(1)).await.unwrap();
    let again = house.commands.register(person("ada@example.org"), request(2)).await;
    assert!(matches!(again, Err(CommandError::Taken { field: "email" })));
    let claimed = house.commands.log.claimed_by(ClaimKind::Email, "ada@example.org").await.unwrap();
    assert_eq!(claimed, Some(ada.account.0));
}

#[tokio::test]
async fn a_correction_knows_its_version_and_is_safe_to_send_again() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let send = || house.commands.correct_account(ada.account, email("king@example.org"), keyed("k", 1));
    let first = send().await.unwrap();
    assert_eq!(send().await.unwrap(), first);
    let late = Request { expected: Some(1), ..request(3) };
    let refused = house.commands.correct_account(ada.account, email("ada@example.org"), late).await;
    assert!(matches!(refused, Err(CommandError::Version { expected: 1, actual: 2 })), "{refused:?}");
}

#[tokio::test]
async fn what_is_corrected_is_sealed_as_it_was_before() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.commands.correct_account(ada.account, email("king@example.org"), request(1)).await.unwrap();
    let payloads: String = sqlx::query_scalar("SELECT string_agg(payload::text, ' ') FROM events")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    assert!(payloads.contains("AccountCorrected"));
    assert!(!payloads.contains("king@example.org") && !payloads.contains("ada@example.org"));
}

#[tokio::test]
async fn nothing_of_a_restricted_person_is_polled_or_shown_until_the_end_was_told() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    house.source(ada, stage, "https://example.org/feed.xml").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap();
    let hold = Duration::from_secs(1);
    let due = async |seconds| house.commands.take_due_polls(at(seconds), 9, hold).await.unwrap().len();
    let wait =
        async |seconds| house.commands.next_poll_in(at(seconds), Duration::from_secs(99)).await.unwrap();
    assert_eq!(due(1).await, 1);

    house.commands.restrict_account(ada.account, true, request(2)).await.unwrap();
    assert_eq!(due(10).await, 0);
    assert_eq!(wait(10).await, Duration::from_secs(99), "and nobody waits for it either");
    assert!(matches!(
        house.commands.media(media.id.into()).await,
        Err(CommandError::NotFound(Missing::Media))
    ));
    assert!(!house.account(ada.account).await.allows(Purpose::Recipients));
    // Also what is linked meanwhile.
    house.source(ada, stage, "https://example.org/other.xml").await;
    assert_eq!(due(20).await, 0);

    let asked = house.commands.restrict_account(ada.account, false, request(30)).await.unwrap();
    assert_eq!(house.commands.lift_restrictions(asked.position - 1, &[], at(31)).await.unwrap(), 0);
    assert_eq!(due(31).await, 0, "the person was not told yet");
    assert!(house.account(ada.account).await.is_restricted());
    assert_eq!(house.commands.lift_restrictions(asked.position, &[], at(32)).await.unwrap(), 1);
    assert_eq!(due(33).await, 2);
    assert!(house.commands.media(media.id.into()).await.is_ok());
    assert!(house.account(ada.account).await.allows(Purpose::Recipients));
    assert_eq!(house.commands.lift_restrictions(i64::MAX, &[], at(34)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_stage_goes_on_while_another_of_its_owners_is_not_restricted() {
    let house = House::new().await;
    let (ada, bob) = (house.registered("ada@example.org").await, house.registered("bob@example.org").await);
    let stage = house.stage(ada, "rathaus").await;
    house.source(ada, stage, "https://example.org/feed.xml").await;
    let media = house.commands.add_media(ada, stage, PNG.into(), request(0)).await.unwrap();
    let hold = Duration::from_secs(1);
    let goes_on = async |seconds| {
        let shown = house.commands.media(media.id.into()).await.is_ok();
        let polled = house.commands.take_due_polls(at(seconds), 9, hold).await.unwrap().len() == 1;
        assert_eq!(shown, polled);
        shown
    };
    house.commands.restrict_account(ada.account, true, request(1)).await.unwrap();
    house.joins(ada, stage, bob, Role::Editor).await;
    assert!(!goes_on(10).await, "an editor is no owner");
    let promote = |role, at| house.commands.change_role(ada, stage, bob.account, role, request(at));
    promote(Role::Owner, 11).await.unwrap();
    assert!(goes_on(20).await);
    house.commands.restrict_account(bob.account, true, request(21)).await.unwrap();
    assert!(!goes_on(30).await);
    let asked = house.commands.restrict_account(bob.account, false, request(31)).await.unwrap();
    house.commands.lift_restrictions(asked.position, &[], at(32)).await.unwrap();
    assert!(goes_on(40).await);
}

#[tokio::test]
async fn an_archive_breaks_off_when_its_person_is_erased_while_it_is_sent() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let stage = house.stage(ada, "rathaus").await;
    // More than is made ahead of the reader, and nothing that gets smaller.
    for _ in 0..8 {
        let noise: Vec<u8> =
            std::iter::repeat_with(|| *Uuid::new_v4().as_bytes()).take(20_000).flatten().collect();
        house.commands.add_media(ada, stage, [PNG, &noise].concat().into(), request(0)).await.unwrap();
    }
    let export = async || house.commands.export_account(ada.account, Vec::new(), at(1)).await.unwrap();
    let whole: Result<Vec<_>, _> = export().await.try_collect().await;
    assert!(whole.unwrap().len() > 6);
    let parts = export().await;
    house.commands.erase_account(ada, PASSWORD.into(), request(2), &|| at(2)).await.unwrap();
    let parts: Vec<_> = parts.collect().await;
    assert!(matches!(parts.last(), Some(Err(CommandError::NotFound(Missing::Account)))), "{parts:?}");
}

#[tokio::test]
async fn an_end_of_a_restriction_that_fails_holds_up_nobody_elses() {
    let house = House::new().await;
    let (ada, bob) = (house.registered("ada@example.org").await, house.registered("bob@example.org").await);
    for person in [ada, bob] {
        house.commands.restrict_account(person.account, true, request(1)).await.unwrap();
        house.commands.restrict_account(person.account, false, request(2)).await.unwrap();
    }
    // Of a version of the program that is not known here.
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('account', $1, 4, 'Unheard', '1', '{\"Unheard\": {}}', '{}')",
    )
    .bind(ada.account.to_string())
    .execute(&house.database.pool)
    .await
    .unwrap();
    let lifted = house.commands.lift_restrictions(i64::MAX, &[], at(3)).await;
    assert!(matches!(lifted, Err(CommandError::Store(_))), "{lifted:?}");
    assert!(!house.account(bob.account).await.is_restricted());
}

#[tokio::test]
async fn who_is_restricted_anew_while_the_end_is_being_told_stays_restricted() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.commands.restrict_account(ada.account, true, request(0)).await.unwrap();
    house.commands.restrict_account(ada.account, false, request(1)).await.unwrap();
    house.commands.restrict_account(ada.account, true, request(2)).await.unwrap();
    house.commands.lift_restrictions(i64::MAX, &[], at(3)).await.unwrap();
    assert!(house.account(ada.account).await.is_restricted());
}

#[tokio::test]
async fn an_objection_counts_until_it_is_withdrawn() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let object = |objects| house.commands.object(ada.account, Purpose::Recipients, objects, request(1));
    object(true).await.unwrap();
    assert!(!house.account(ada.account).await.allows(Purpose::Recipients));
    object(false).await.unwrap();
    assert!(house.account(ada.account).await.allows(Purpose::Recipients));
}
