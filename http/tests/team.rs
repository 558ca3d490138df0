//! The team of a stage: inviting, joining, and what each role is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use axum::http::StatusCode;
use common::{House, Person};
use secrecy::ExposeSecret;

/// Invites over HTTP, and gives what the mail would say.
async fn invite(owner: &Person<'_>, stage: &str, email: &str, role: &str) -> String {
    let body = serde_json::json!({"email": email, "role": role, "language": "de"});
    let sent =
        owner.send("POST", &format!("/api/v1/stages/{stage}/invitations"), &[], &body.to_string()).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    let invitation = sent.json["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap().into();
    let now = chrono::Utc::now();
    let mail = owner.house.commands.invitation_mail(invitation, now).await.unwrap().unwrap();
    serde_json::json!({"token": mail.token.expose_secret()}).to_string()
}

async fn stage(owner: &Person<'_>) -> String {
    let created = owner.send("POST", "/api/v1/stages", &[], r#"{"name": "R", "handle": "rathaus"}"#).await;
    created.json["id"].as_str().unwrap().to_owned()
}

async fn account(person: &Person<'_>) -> String {
    let session = person.send("GET", "/api/v1/session", &[], "").await;
    session.json["account_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_has_the_link_of_an_invitation_joins_once() {
    let house = House::new().await;
    let (ada, bob) = (house.person("ada@example.org").await, house.person("bob@example.org").await);
    let stage = stage(&ada).await;
    let token = invite(&ada, &stage, "Bob@work.example", "moderator").await;
    let invitations = format!("/api/v1/stages/{stage}/invitations");
    let twice = r#"{"email": "bob@work.example", "role": "editor"}"#;
    assert_eq!(ada.send("POST", &invitations, &[], twice).await.problem(409, "taken"), ["email"]);
    let open = ada.send("GET", &invitations, &[], "").await;
    assert_eq!(open.json["invitations"][0]["email"], "Bob@work.example");
    assert_eq!(open.json["invitations"][0]["role"], "moderator");

    house.post("/api/v1/invitations", &token).await.problem(401, "not-logged-in");
    let joined = bob.send("POST", "/api/v1/invitations", &[], &token).await;
    assert_eq!((joined.status, joined.json["id"].as_str().unwrap()), (StatusCode::OK, stage.as_str()));
    bob.send("POST", "/api/v1/invitations", &[], &token).await.problem(404, "not-found");
    let open = ada.send("GET", &invitations, &[], "").await;
    assert!(open.json["invitations"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_member_is_told_that_the_role_does_not_do_and_a_stranger_that_there_is_no_stage() {
    let house = House::new().await;
    let (ada, bob) =
        (house.person("ada@example.org").await, house.person_who_reads("de", "bob@example.org").await);
    let stage = stage(&ada).await;
    let topics = format!("/api/v1/stages/{stage}/topics");
    let topic = r#"{"name": "Kultur"}"#;
    bob.send("POST", &topics, &[], topic).await.problem(404, "not-found");
    let token = invite(&ada, &stage, "bob@example.org", "moderator").await;
    bob.send("POST", "/api/v1/invitations", &[], &token).await;
    let refused = bob.send("POST", &topics, &[], topic).await;
    refused.problem(403, "role");
    assert_eq!(refused.json["title"], "Dafür reicht Ihre Rolle nicht");

    let member = format!("/api/v1/stages/{stage}/members/{}", account(&bob).await);
    let editor = r#"{"role": "editor"}"#;
    bob.send("PATCH", &member, &[], editor).await.problem(403, "role");
    assert_eq!(ada.send("PATCH", &member, &[], editor).await.status, StatusCode::OK);
    assert_eq!(bob.send("POST", &topics, &[], topic).await.status, StatusCode::CREATED);
    assert_eq!(bob.send("DELETE", &member, &[], "").await.status, StatusCode::OK);
    bob.send("POST", &topics, &[], topic).await.problem(404, "not-found");
}

#[tokio::test]
async fn the_last_owner_stays_until_there_is_another() {
    let house = House::new().await;
    let (ada, bob) =
        (house.person_who_reads("de", "ada@example.org").await, house.person("bob@example.org").await);
    let stage = stage(&ada).await;
    let me = format!("/api/v1/stages/{stage}/members/{}", account(&ada).await);
    let refused = ada.send("DELETE", &me, &[], "").await;
    refused.problem(409, "refused");
    assert!(refused.json["detail"].as_str().unwrap().starts_with("Eine Stage braucht"), "{}", refused.text);
    ada.send("PATCH", &me, &[], r#"{"role": "editor"}"#).await.problem(409, "refused");
    let token = invite(&ada, &stage, "bob@example.org", "owner").await;
    bob.send("POST", "/api/v1/invitations", &[], &token).await;
    assert_eq!(ada.send("DELETE", &me, &[], "").await.status, StatusCode::OK);
    let close = format!("/api/v1/stages/{stage}");
    assert_eq!(bob.send("DELETE", &close, &[], "").await.status, StatusCode::OK);
}
