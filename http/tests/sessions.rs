//! Sessions: who gets in, what a session's cookies are worth, and who is kept out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{num::NonZeroU32, time::Duration};

use axum::http::StatusCode;
use common::{House, request};
use stage_http::Rate;

const JSON: (&str, &str) = ("content-type", "application/json");
const STAGE: &str = r#"{"name": "Rathaus", "handle": "rathaus"}"#;

#[tokio::test]
async fn a_session_changes_things_only_with_its_own_token_and_from_our_own_pages() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    let create = async |headers: &[(&str, &str)]| {
        let mut all = vec![JSON];
        all.extend_from_slice(headers);
        house.ask(request("POST", "/api/v1/stages", &all, STAGE)).await
    };
    let cookies = ("cookie", ada.cookies.as_str());
    create(&[]).await.problem(401, "not-logged-in");
    create(&[cookies]).await.problem(403, "xsrf");
    create(&[cookies, ("x-xsrf-token", bob.xsrf.as_str())]).await.problem(403, "xsrf");
    let planted = format!("{}; XSRF-TOKEN=planted", ada.cookies);
    create(&[("cookie", planted.as_str()), ("x-xsrf-token", "planted")]).await.problem(403, "xsrf");
    let token = ("x-xsrf-token", ada.xsrf.as_str());
    create(&[cookies, token, ("origin", "https://evil.example")]).await.problem(403, "foreign-origin");
    create(&[cookies, token, ("origin", "null")]).await.problem(403, "foreign-origin");
    let created = create(&[cookies, token, ("origin", "https://stage.example")]).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
    let id = created.json["id"].as_str().unwrap();
    assert_eq!(created.headers["location"], format!("/api/v1/stages/{id}"));
    assert_eq!(created.headers["etag"], format!("\"{}\"", created.json["version"]));
    assert_eq!(created.headers["stage-position"], created.json["position"].to_string());
    assert_eq!(created.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn logging_out_ends_the_session_and_takes_its_cookies_back() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    assert!(ada.cookies.contains("__Host-session="));
    let me = ada.send("GET", "/api/v1/session", &[], "").await;
    assert_eq!(me.json["xsrf_token"], ada.xsrf);
    let out = ada.send("DELETE", "/api/v1/session", &[], "").await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    let cookies: Vec<_> = out.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert!(
        cookies.iter().all(|cookie| cookie.contains("=;") && cookie.contains("Max-Age=0")),
        "{cookies:?}"
    );
    ada.send("GET", "/api/v1/session", &[], "").await.problem(401, "not-logged-in");
}

#[tokio::test]
async fn a_command_sent_again_with_its_key_is_done_once() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let key = [("idempotency-key", "one")];
    let first = ada.send("POST", "/api/v1/stages", &key, STAGE).await;
    let again = ada.send("POST", "/api/v1/stages", &key, STAGE).await;
    assert_eq!((again.status, &again.json), (StatusCode::CREATED, &first.json));
    let other = ada.send("POST", "/api/v1/stages", &key, r#"{"name": "B", "handle": "other"}"#).await;
    assert_eq!(other.problem(409, "idempotency-key-reused"), ["Idempotency-Key"]);
    let taken = ada.send("POST", "/api/v1/stages", &[], STAGE).await;
    assert_eq!(taken.problem(409, "taken"), ["handle"]);
}

#[tokio::test]
async fn a_change_meant_for_another_version_is_refused() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let created = ada.send("POST", "/api/v1/stages", &[], STAGE).await;
    let path = format!("/api/v1/stages/{}", created.json["id"].as_str().unwrap());
    let rename =
        async |version: &str| ada.send("PATCH", &path, &[("if-match", version)], r#"{"name": "B"}"#).await;
    let refused = rename("\"7\"").await;
    refused.problem(412, "version");
    assert_eq!(refused.json["version"], 1);
    assert_eq!(rename("W/\"1\"").await.problem(400, "bad-header"), ["If-Match"]);
    assert_eq!(rename("\"1\"").await.status, StatusCode::OK);
    let others = house.person("bob@example.org").await;
    others.send("DELETE", &path, &[], "").await.problem(404, "not-found");
}

#[tokio::test]
async fn rules_at_fault_are_named_by_kind() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let created = ada.send("POST", "/api/v1/stages", &[], STAGE).await;
    let path = format!("/api/v1/stages/{}/topics", created.json["id"].as_str().unwrap());
    let topic = r#"{"name": "Kultur", "include": {"terms": ["Museum", "zwei Worte"], "hashtags": ["!"]}}"#;
    let mut fields = ada.send("POST", &path, &[], topic).await.problem(422, "validation");
    fields.sort();
    assert_eq!(fields, ["include/hashtags/0", "include/terms/1"]);
    let topic = r#"{"name": "Kultur", "include": {"terms": ["Museum"]}}"#;
    let defined = ada.send("POST", &path, &[], topic).await;
    assert_eq!(defined.status, StatusCode::CREATED, "{}", defined.text);
}

#[tokio::test]
async fn whoever_tries_too_often_is_told_to_wait() {
    let house = House::with(|settings| {
        settings.log_in_rate = Rate { burst: NonZeroU32::new(2).unwrap(), every: Duration::from_secs(60) };
    })
    .await;
    let wrong = r#"{"email": "ada@example.org", "password": "wrong horse battery"}"#;
    for _ in 0..2 {
        house.post("/api/v1/session", wrong).await.problem(401, "wrong-credentials");
    }
    let refused = house.post("/api/v1/session", wrong).await;
    refused.problem(429, "rate-limited");
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait));
}
