//! Auditors: who gets in, and that what they read is for them alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{num::NonZeroU32, time::Duration};

use axum::http::StatusCode;
use common::{Answer, House, request};
use secrecy::ExposeSecret;
use stage_commands::auditors::{Auditors, NewAuditor, Scope};
use stage_http::Rate;

const WHO: &str = "/v1/audit/auditor";

async fn added(house: &House, scope: Scope) -> NewAuditor {
    let (id, at) = (uuid::Uuid::now_v7().into(), chrono::Utc::now());
    Auditors::new(house.database.pool.clone())
        .add(id, "The auditor", scope, rand::random(), at)
        .await
        .unwrap()
}

async fn ask(house: &House, path: &str, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    house.ask(request("GET", path, &[("authorization", &bearer)], "")).await
}

#[tokio::test]
async fn only_a_token_that_was_given_out_and_not_revoked_gets_in() {
    let house = House::new().await;
    let new = added(&house, Scope::Read).await;
    let token = new.token.expose_secret();

    let who = ask(&house, WHO, token).await;
    assert_eq!(who.status, StatusCode::OK, "{}", who.text);
    assert_eq!(who.json, serde_json::json!({"id": new.id, "scopes": ["read"]}));
    let personal = added(&house, Scope::ReadPersonal).await;
    let who = ask(&house, WHO, personal.token.expose_secret()).await;
    assert_eq!(who.json["scopes"], serde_json::json!(["read", "read-personal"]));

    let none = house.get(WHO).await;
    none.problem(401, "not-an-auditor");
    assert_eq!(none.headers["www-authenticate"], "Bearer realm=\"stage\"");
    let wrong = format!("{}x", &token[..token.len() - 1]);
    ask(&house, WHO, &wrong).await.problem(401, "not-an-auditor");
    let ada = house.person("ada@example.org").await;
    ada.send("GET", WHO, &[], "").await.problem(401, "not-an-auditor");

    Auditors::new(house.database.pool.clone()).revoke(new.id, chrono::Utc::now()).await.unwrap();
    ask(&house, WHO, token).await.problem(401, "not-an-auditor");
    assert_eq!(ask(&house, WHO, personal.token.expose_secret()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_an_auditor_reads_is_for_no_cache_and_for_no_other_sites_page() {
    let house = House::new().await;
    let new = added(&house, Scope::Read).await;
    let who = ask(&house, WHO, new.token.expose_secret()).await;
    assert_eq!(who.headers["cache-control"], "no-store");
    assert_eq!(who.headers["cross-origin-resource-policy"], "same-origin");
    assert!(!who.headers.contains_key("access-control-allow-origin"));
    let asks = [("origin", "https://evil.example"), ("access-control-request-method", "GET")];
    let preflight = house.ask(request("OPTIONS", WHO, &asks, "")).await;
    assert!(!preflight.headers.contains_key("access-control-allow-origin"));
    assert!(!preflight.headers.contains_key("access-control-allow-methods"));
}

#[tokio::test]
async fn whoever_guesses_tokens_is_told_to_wait_and_the_auditor_is_not() {
    let house = House::with(|settings| {
        settings.log_in_rate = Rate { burst: NonZeroU32::new(3).unwrap(), every: Duration::from_secs(60) };
    })
    .await;
    let (known, late) = (added(&house, Scope::Read).await, added(&house, Scope::Read).await);
    assert_eq!(ask(&house, WHO, known.token.expose_secret()).await.status, StatusCode::OK);
    for guess in ["a", "b"] {
        ask(&house, WHO, guess).await.problem(401, "not-an-auditor");
    }
    let refused = ask(&house, WHO, "c").await;
    refused.problem(429, "rate-limited");
    assert!(refused.headers.contains_key("retry-after"));
    // Nor does a right guess get through now.
    ask(&house, WHO, late.token.expose_secret()).await.problem(429, "rate-limited");
    for _ in 0..5 {
        assert_eq!(ask(&house, WHO, known.token.expose_secret()).await.status, StatusCode::OK);
    }
}
