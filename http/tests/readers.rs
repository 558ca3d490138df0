//! What everybody gets, and what protects them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use axum::{body::to_bytes, http::StatusCode};
use common::{House, request};
use tower::ServiceExt as _;

#[tokio::test]
async fn any_page_may_read_the_public_part_and_none_the_dashboard() {
    let house = House::new().await;
    let foreign = [("origin", "https://news.example"), ("cookie", "__Host-session=x")];
    let public = house.ask(request("GET", "/v1/stages/rathaus", &foreign, "")).await;
    assert_eq!(public.headers["access-control-allow-origin"], "*");
    assert_eq!(public.headers["cross-origin-resource-policy"], "cross-origin");
    assert!(!public.headers.contains_key("set-cookie"));
    let preflight = [
        ("origin", "https://news.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let allowed = house.ask(request("OPTIONS", "/v1/views", &preflight, "")).await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(allowed.headers["access-control-allow-origin"], "*");
    let unknown = house.get("/v1/nowhere").await;
    assert_eq!(unknown.headers["access-control-allow-origin"], "*");
    assert!(allowed.headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
    let dashboard = house.ask(request("GET", "/api/v1/stages", &foreign, "")).await;
    assert!(!dashboard.headers.contains_key("access-control-allow-origin"));
    assert_eq!(dashboard.headers["cross-origin-resource-policy"], "same-origin");
}

#[tokio::test]
async fn every_answer_keeps_browsers_from_guessing_framing_and_telling() {
    let house = House::new().await;
    for path in ["/", "/docs/", "/openapi.json", "/health/live", "/metrics", "/api/v1/stages", "/nowhere"] {
        let answer = house.get(path).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{path}");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn the_documentation_comes_from_the_program_itself() {
    let house = House::new().await;
    let page = house.get("/docs/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    let setup = house.get("/docs/swagger-initializer.js").await;
    assert!(setup.text.contains("/openapi.json"), "{}", setup.text);
    assert!(setup.text.contains("none"), "{}", setup.text);
    let contract = house.get("/openapi.json").await;
    assert_eq!(contract.json["openapi"], "3.1.0");
    let tag = contract.headers["etag"].to_str().unwrap().to_owned();
    let again = house.ask(request("GET", "/openapi.json", &[("if-none-match", &tag)], "")).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    house.get("/docs/nothing.js").await.problem(404, "not-found");
}

#[tokio::test]
async fn the_contract_comes_compressed_to_whoever_asks() {
    let house = House::new().await;
    let plain = house.get("/openapi.json").await;
    for coding in ["gzip", "br"] {
        let asked = request("GET", "/openapi.json", &[("accept-encoding", coding)], "");
        let answer = house.router.clone().oneshot(asked).await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], coding);
        assert_eq!(answer.headers()["vary"], "accept-encoding");
        let tag = answer.headers()["etag"].clone();
        assert_ne!(tag, plain.headers["etag"], "a strong tag is of these very bytes");
        let known = [("accept-encoding", coding), ("if-none-match", tag.to_str().unwrap())];
        let again = house.ask(request("GET", "/openapi.json", &known, "")).await;
        assert_eq!((again.status, again.headers.get("content-encoding")), (StatusCode::NOT_MODIFIED, None));
        let sent = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert!((1_000..plain.text.len() / 5).contains(&sent.len()), "{} bytes in {coding}", sent.len());
    }
}

#[tokio::test]
async fn the_front_page_speaks_german_and_english() {
    let house = House::new().await;
    let german = house.ask(request("GET", "/", &[("accept-language", "de")], "")).await;
    assert!(german.text.contains("lang=\"de\"") && german.text.contains("wird nichts aufgezeichnet"));
    let english = house.get("/").await;
    assert!(english.text.contains("lang=\"en\"") && english.text.contains("Nothing about the reader"));
}

#[tokio::test]
async fn readiness_names_what_is_missing_and_not_why() {
    let house = House::new().await;
    let answer = house.get("/health/ready").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json["components"][1]["name"], "broker");
    assert_eq!(answer.json["components"][1]["ready"], false);
    assert!(!answer.text.contains("secret-host"));
}

#[tokio::test]
async fn views_of_what_is_not_there_are_not_counted() {
    let house = House::new().await;
    let report = r#"{"posts": ["0190163d-8694-539b-aea5-966c26f8ad90"], "stages": ["nowhere", "!"]}"#;
    let answer = house.post("/v1/views", report).await;
    assert_eq!((answer.status, answer.json["accepted"].as_u64()), (StatusCode::ACCEPTED, Some(0)));
    assert!(house.seen.views.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_reads_while_the_database_is_away_for_a_moment_is_answered_once_it_is_back() {
    let house = House::new().await;
    house.with_stage().await;
    house.catch_up().await;
    let mut away = house.database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE read_feed.heads IN ACCESS EXCLUSIVE MODE").execute(&mut *away).await.unwrap();
    // Longer than one question is waited for, and long enough after the last reader that nobody else wants to know.
    let read = async |after: Duration| {
        tokio::time::sleep(after).await;
        house.get("/v1/stages/rathaus/posts").await.status
    };
    let back = async {
        tokio::time::sleep(Duration::from_millis(2600)).await;
        away.rollback().await.unwrap();
    };
    let all = async { tokio::join!(read(Duration::ZERO), read(Duration::from_millis(600)), back) };
    let (first, second, ()) = tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
    assert_eq!((first, second), (StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK));
}
