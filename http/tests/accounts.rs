//! One's address and password: what is shown, what is asked for, and what nobody learns by asking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use common::House;

#[tokio::test]
async fn asking_for_a_new_password_tells_nobody_whether_there_is_an_account() {
    let house = House::new().await;
    house.person("ada@example.org").await;
    let mut answers = Vec::new();
    for email in ["ada@example.org", "bob@example.org", "not an address"] {
        let begun = Instant::now();
        let body = serde_json::json!({ "email": email });
        let answer = house.post("/api/v1/password-resets", &body.to_string()).await;
        assert!(begun.elapsed() >= Duration::from_millis(400), "{email}");
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort_unstable();
        answers.push((answer.status, answer.text, headers));
    }
    assert_eq!(answers[0].0, StatusCode::ACCEPTED);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_link_that_is_not_ours_is_refused_with_its_field_in_both_languages() {
    let house = House::new().await;
    let body = r#"{"token": "AAAA", "password": "another horse battery"}"#;
    let refused = house.post("/api/v1/password-resets/completion", body).await;
    refused.problem(422, "validation");
    assert_eq!(refused.json["errors"][0]["field"], "token");
    assert_eq!(refused.json["errors"][0]["code"], "not_valid");
    let headers = [("content-type", "application/json"), ("accept-language", "de")];
    let request = common::request("POST", "/api/v1/verifications", &headers, r#"{"token": "AAAA"}"#);
    let german = house.ask(request).await;
    german.problem(422, "validation");
    assert!(german.text.contains("bitte eine neue Mail anfordern"), "{}", german.text);
}

#[tokio::test]
async fn a_wrong_present_password_is_told_at_its_field_and_logs_nobody_out() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let wrong = r#"{"current_password": "wrong horse battery", "new_password": "another horse battery"}"#;
    let refused = ada.send("POST", "/api/v1/account/password", &[], wrong).await;
    refused.problem(422, "validation");
    assert_eq!(refused.json["errors"][0]["field"], "current_password");
    let right = r#"{"current_password": "correct horse battery", "new_password": "another horse battery"}"#;
    let changed = ada.send("POST", "/api/v1/account/password", &[], right).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(ada.send("GET", "/api/v1/session", &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_page_of_a_link_speaks_the_readers_language_and_lets_no_other_host_in() {
    let house = House::new().await;
    for path in ["/verify-email", "/reset-password", "/accept-invitation"] {
        let german = house.ask(common::request("GET", path, &[("accept-language", "de")], "")).await;
        assert_eq!(german.headers["content-language"], "de");
        assert!(german.text.contains(r#"<html lang="de">"#) && german.text.contains("JavaScript"));
        let policy = german.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self'") && policy.contains("connect-src 'self'"));
        assert_eq!(german.headers["referrer-policy"], "no-referrer");
        assert!(!german.text.contains("http://") && !german.text.contains("https://"));
    }
    assert_eq!(house.get("/links.js").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_verification_mail_can_be_asked_for_again_after_a_minute() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let refused = ada.send("POST", "/api/v1/account/verification", &[], "").await;
    refused.problem(409, "refused");
}
