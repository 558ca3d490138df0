//! Registering, logging in and out.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, at, person, request};
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
