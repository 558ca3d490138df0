//! Accounts, and that nobody reads them off a disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{at, world};
use stage_domain::{
    AccountId, Language,
    account::{Account, AccountCommand, Correction, Purpose, Registration},
};
use stage_store::Act;
use uuid::Uuid;

const PERSON: [&str; 4] = ["Adelheid", "Lovelace-Müller", "adelheid@lovelace.example", "+49 30 1234567"];

fn register(id: AccountId, phone: Option<&str>) -> AccountCommand {
    let [first, last, email, _] = PERSON;
    let registration = Registration::new(id, first, last, email, phone, Language::De).unwrap();
    AccountCommand::Register { registration, at: at(0) }
}

#[tokio::test]
async fn a_person_reads_what_they_registered_and_when_they_logged_in_last() {
    let world = world().await;
    let (with, without) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
    for (id, phone) in [(with, Some(PERSON[3])), (without, None)] {
        let act = Act { subject: Some(world.log.keyring().new_subject(id).unwrap()), ..Act::default() };
        world.log.execute::<Account>(id.0, register(id, phone), act).await.unwrap();
    }
    let log_in = AccountCommand::LogIn { at: at(5) };
    world.log.execute::<Account>(with.0, log_in, Act::default()).await.unwrap();
    world.catch_up().await;

    let view = world.reads.account(with).await.unwrap().unwrap();
    let known = [&view.first_name, &view.last_name, &view.email, view.phone.as_ref().unwrap()];
    assert_eq!(known.map(|value| value.known().unwrap().as_str()), PERSON);
    assert_eq!((view.language, view.registered_at), (Language::De, at(0)));
    assert_eq!((view.last_login_at, view.version), (Some(at(5)), 2));
    let view = world.reads.account(without).await.unwrap().unwrap();
    assert_eq!((view.phone, view.last_login_at, view.version), (None, None, 1));
    assert_eq!(world.reads.account(AccountId(Uuid::from_u128(3))).await.unwrap(), None);
}

#[tokio::test]
async fn no_personal_value_is_in_the_tables_in_the_clear() {
    let world = world().await;
    let id = AccountId(Uuid::from_u128(1));
    let act = Act { subject: Some(world.log.keyring().new_subject(id).unwrap()), ..Act::default() };
    world.log.execute::<Account>(id.0, register(id, Some(PERSON[3])), act).await.unwrap();
    world.catch_up().await;
    let rows = common::rows(world.pool()).await;
    let (_, accounts) = rows.iter().find(|(table, _)| table == "read_accounts.accounts").unwrap();
    assert!(accounts[0].contains("sealed"), "the row is there: {accounts:?}");
    for value in PERSON {
        assert!(!accounts[0].contains(value), "{value} is in the clear");
    }
}

#[tokio::test]
async fn an_erased_person_reads_as_erased() {
    let world = world().await;
    let id = AccountId(Uuid::from_u128(1));
    let act = Act { subject: Some(world.log.keyring().new_subject(id).unwrap()), ..Act::default() };
    world.log.execute::<Account>(id.0, register(id, Some(PERSON[3])), act).await.unwrap();
    world.catch_up().await;
    sqlx::query("DELETE FROM subject_keys").execute(world.pool()).await.unwrap();
    // Another process, which never held the key.
    let view = world.reads.account(id).await.unwrap().unwrap();
    for value in [&view.first_name, &view.last_name, &view.email, view.phone.as_ref().unwrap()] {
        assert_eq!(value.known(), None);
        assert_eq!(value.subject(), id);
    }
}

#[tokio::test]
async fn an_account_shows_what_was_corrected_and_what_the_person_asked_for() {
    let world = world().await;
    let id = AccountId(Uuid::from_u128(1));
    let act = Act { subject: Some(world.log.keyring().new_subject(id).unwrap()), ..Act::default() };
    world.log.execute::<Account>(id.0, register(id, Some(PERSON[3])), act).await.unwrap();
    let correct = |last: Option<&str>, phone: Option<&str>, language| {
        let correction = Correction::new(id, None, last, None, phone, language).unwrap();
        AccountCommand::Correct { correction, at: at(1) }
    };
    let object = |objects| AccountCommand::Object { purpose: Purpose::Recipients, objects, at: at(3) };
    let commands = [
        correct(Some("King"), None, Some(Language::En)),
        correct(None, Some(""), None),
        AccountCommand::Restrict { at: at(2) },
        object(true),
    ];
    for command in commands {
        world.log.execute::<Account>(id.0, command, Act::default()).await.unwrap();
    }
    world.catch_up().await;
    let view = world.reads.account(id).await.unwrap().unwrap();
    assert_eq!(view.first_name.known().unwrap(), PERSON[0]);
    assert_eq!(view.last_name.known().unwrap(), "King");
    assert_eq!((view.phone, view.language), (None, Language::En));
    assert_eq!((view.restricted_at, view.objections), (Some(at(2)), vec![Purpose::Recipients]));

    let commands =
        [AccountCommand::AnnounceLift { at: at(4) }, AccountCommand::Lift { at: at(5) }, object(false)];
    for command in commands {
        world.log.execute::<Account>(id.0, command, Act::default()).await.unwrap();
    }
    world.catch_up().await;
    let view = world.reads.account(id).await.unwrap().unwrap();
    assert_eq!((view.restricted_at, view.objections, view.version), (None, vec![], 8));
}

#[tokio::test]
async fn an_erased_account_is_in_no_read_model() {
    let world = world().await;
    let id = AccountId(Uuid::from_u128(1));
    let act = Act { subject: Some(world.log.keyring().new_subject(id).unwrap()), ..Act::default() };
    world.log.execute::<Account>(id.0, register(id, None), act).await.unwrap();
    world.catch_up().await;
    let act = Act { erased: Some(id), ..Act::default() };
    world.log.execute::<Account>(id.0, AccountCommand::Erase { at: at(1) }, act).await.unwrap();
    world.catch_up().await;
    assert_eq!(world.reads.account(id).await.unwrap(), None);
    let rows = common::rows(world.pool()).await;
    let (_, accounts) = rows.iter().find(|(table, _)| table == "read_accounts.accounts").unwrap();
    assert!(accounts.is_empty(), "{accounts:?}");
}
