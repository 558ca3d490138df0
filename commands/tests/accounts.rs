//! Registering, logging in and out.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, PASSWORD, at, person, request};
use stage_commands::{Actor, CommandError, Missing};
use stage_domain::SessionId;
use uuid::Uuid;

#[tokio::test]
async fn an_email_address_registers_once_whatever_its_case() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    let again = house.commands.register(person("Ada@Example.org"), request(1)).await;
    assert!(matches!(again, Err(CommandError::Taken { field: "email" })), "{again:?}");
    assert_eq!(house.events().await, 1);
}

#[tokio::test]
async fn every_field_at_fault_is_named_with_the_password_among_them() {
    let house = House::new().await;
    let mut wrong = person("nobody");
    wrong.first_name = String::new();
    wrong.password = "short".into();
    let Err(CommandError::Invalid(invalid)) = house.commands.register(wrong, request(0)).await else {
        panic!("must be refused")
    };
    let fields: Vec<_> = invalid.0.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["first_name", "email", "password"]);
    assert_eq!(house.events().await, 0);
}

#[tokio::test]
async fn a_session_lasts_from_log_in_to_log_out() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    let commands = &house.commands;
    let session = commands
        .log_in("ADA@example.org", "correct horse battery".into(), [7; 32], request(0))
        .await
        .unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&session.token).to_owned();
    assert_eq!(commands.authenticate(&token, at(60)).await.unwrap(), session.actor);
    assert_eq!(commands.sessions(session.actor, at(60)).await.unwrap().len(), 1);
    commands.log_out(session.actor).await.unwrap();
    commands.log_out(session.actor).await.unwrap();
    assert!(matches!(commands.authenticate(&token, at(61)).await, Err(CommandError::NotLoggedIn)));
}

#[tokio::test]
async fn a_session_that_is_not_used_ends_and_one_that_is_used_goes_on() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    let day = 24 * 60 * 60;
    let session = house
        .commands
        .log_in("ada@example.org", "correct horse battery".into(), [7; 32], request(0))
        .await
        .unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&session.token).to_owned();
    house.commands.authenticate(&token, at(10 * day)).await.unwrap();
    house.commands.authenticate(&token, at(20 * day)).await.unwrap();
    let ended = house.commands.authenticate(&token, at(40 * day)).await;
    assert!(matches!(ended, Err(CommandError::NotLoggedIn)));
}

#[tokio::test]
async fn a_session_that_ended_is_swept_though_its_person_never_comes_back_and_one_that_goes_on_is_not() {
    let house = House::new().await;
    for email in ["ada@example.org", "bob@example.org"] {
        house.registered(email).await;
    }
    let day = 24 * 60 * 60;
    house.log_in("ada@example.org").await.unwrap();
    let session =
        house.commands.log_in("bob@example.org", PASSWORD.into(), [9; 32], request(0)).await.unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&session.token).to_owned();
    house.commands.authenticate(&token, at(10 * day)).await.unwrap();
    assert_eq!(house.commands.sweep(at(14 * day - 1)).await.unwrap().sessions, 0);
    assert_eq!(house.commands.sweep(at(14 * day)).await.unwrap().sessions, 1);
    let left: Vec<Uuid> =
        sqlx::query_scalar("SELECT account_id FROM sessions").fetch_all(&house.database.pool).await.unwrap();
    assert_eq!(left, [session.actor.account.0]);
    house.commands.authenticate(&token, at(14 * day)).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_refused_alike() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    for (email, password) in
        [("ada@example.org", "wrong horse battery"), ("bob@example.org", "correct horse battery")]
    {
        let refused = house.commands.log_in(email, password.into(), [7; 32], request(0)).await;
        assert!(matches!(refused, Err(CommandError::WrongCredentials)));
    }
    assert_eq!(house.events().await, 1);
}

#[tokio::test]
async fn nobody_ends_the_session_of_another() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.registered("bob@example.org").await;
    let bob = house
        .commands
        .log_in("bob@example.org", "correct horse battery".into(), [9; 32], request(0))
        .await
        .unwrap();
    let ada = Actor { account: ada.account, session: SessionId(Uuid::now_v7()) };
    let refused = house.commands.end_session(ada, bob.actor.session).await;
    assert!(matches!(refused, Err(CommandError::NotFound(Missing::Session))));
}

#[tokio::test]
async fn neither_password_nor_hash_nor_token_is_in_the_database() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    let session = house
        .commands
        .log_in("ada@example.org", "correct horse battery".into(), [7; 32], request(0))
        .await
        .unwrap();
    let everything: String = sqlx::query_scalar(
        "SELECT string_agg(t, ' ') FROM (
             SELECT encode(password, 'escape') FROM credentials
             UNION ALL SELECT encode(token, 'escape') FROM sessions
             UNION ALL SELECT payload::text || metadata::text FROM events
             UNION ALL SELECT encode(key, 'escape') FROM claims) AS every (t)",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&session.token);
    for secret in ["argon2", "correct horse", token, "ada@example.org", "Lovelace"] {
        assert!(!everything.contains(secret), "{secret} is in the database in the clear");
    }
}

async fn log_in(house: &House, email: &str, password: &str, seed: u8) -> Result<Actor, CommandError> {
    let session = house.commands.log_in(email, password.into(), [seed; 32], request(0)).await?;
    Ok(session.actor)
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions_and_keeps_this_one() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    let here = log_in(&house, "ada@example.org", "correct horse battery", 1).await.unwrap();
    log_in(&house, "ada@example.org", "correct horse battery", 2).await.unwrap();
    let change = async |current: &str, new: &str| {
        house.commands.change_password(here, current.into(), new.into(), request(1)).await
    };
    let Err(CommandError::Invalid(wrong)) = change("wrong horse battery", "another horse battery").await
    else {
        panic!("must be refused")
    };
    assert_eq!(wrong.0[0].field, "current_password");
    let Err(CommandError::Invalid(short)) = change("correct horse battery", "short").await else {
        panic!("must be refused")
    };
    assert_eq!(short.0[0].field, "new_password");
    assert_eq!(house.commands.sessions(here, at(2)).await.unwrap().len(), 2);
    change("correct horse battery", "another horse battery").await.unwrap();
    let left = house.commands.sessions(here, at(2)).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [here.session]);
    assert!(log_in(&house, "ada@example.org", "correct horse battery", 3).await.is_err());
    log_in(&house, "ada@example.org", "another horse battery", 4).await.unwrap();
}

#[tokio::test]
async fn a_change_of_password_that_is_sent_again_is_answered_as_the_first_time() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    let ada = log_in(&house, "ada@example.org", "correct horse battery", 1).await.unwrap();
    let change = async || {
        let (current, new) = ("correct horse battery".into(), "another horse battery".into());
        house.commands.change_password(ada, current, new, common::keyed("once", 1)).await
    };
    assert_eq!(change().await.unwrap(), change().await.unwrap());
}

#[tokio::test]
async fn the_link_for_a_new_password_holds_once_and_for_an_hour_and_ends_every_session() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let session = log_in(&house, "ada@example.org", "correct horse battery", 1).await.unwrap();
    house.commands.request_password_reset("Ada@example.org", request(0)).await.unwrap();
    let token = house.commands.reset_token(ada.account, at(3600)).await.unwrap().unwrap();
    let reset = async |token: &secrecy::SecretString, new: &str, seconds: i64| {
        house.commands.reset_password(token, new.into(), request(seconds)).await
    };
    let refused = |result: Result<_, CommandError>| match result {
        Err(CommandError::Invalid(invalid)) => invalid.0[0].code,
        other => panic!("must be refused: {other:?}"),
    };
    assert_eq!(refused(reset(&token, "short", 1).await), "too_short");
    assert_eq!(refused(reset(&token, "another horse battery", 3600).await), "not_valid");
    assert_eq!(refused(reset(&"forged".into(), "another horse battery", 1).await), "not_valid");
    reset(&token, "another horse battery", 1).await.unwrap();
    assert_eq!(refused(reset(&token, "a third horse battery", 2).await), "not_valid");
    assert!(house.commands.sessions(session, at(2)).await.unwrap().is_empty());
    log_in(&house, "ada@example.org", "another horse battery", 2).await.unwrap();
}

#[tokio::test]
async fn of_two_who_follow_the_same_link_at_once_one_chooses_the_password() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    let token = house.commands.reset_token(ada.account, at(3600)).await.unwrap().unwrap();
    let reset = |new: &str| house.commands.reset_password(&token, new.into(), request(1));
    let (one, two) = tokio::join!(reset("the first horse battery"), reset("the second horse battery"));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|ok| **ok).count(), 1, "{one:?} {two:?}");
}

#[tokio::test]
async fn asking_for_a_new_password_of_nobody_is_answered_like_any_other_and_leaves_nothing() {
    let house = House::new().await;
    house.registered("ada@example.org").await;
    house.commands.request_password_reset("bob@example.org", request(0)).await.unwrap();
    assert_eq!(house.events().await, 1);
    house.commands.request_password_reset("ada@example.org", request(0)).await.unwrap();
    house.commands.request_password_reset("ada@example.org", request(30)).await.unwrap();
    assert_eq!(house.events().await, 2, "one mail a minute");
}

#[tokio::test]
async fn neither_a_password_nor_a_link_is_in_the_log() {
    let house = House::new().await;
    let ada = house.registered("ada@example.org").await;
    house.commands.request_password_reset("ada@example.org", request(0)).await.unwrap();
    let token = house.commands.reset_token(ada.account, at(3600)).await.unwrap().unwrap();
    house.commands.reset_password(&token, "another horse battery".into(), request(1)).await.unwrap();
    let log: String =
        sqlx::query_scalar("SELECT string_agg(payload::text || metadata::text, ' ') FROM events")
            .fetch_one(&house.database.pool)
            .await
            .unwrap();
    assert!(log.contains("PasswordChanged") && !log.contains("horse"));
    assert!(!log.contains(secrecy::ExposeSecret::expose_secret(&token)));
}
