//! Every refusal is a problem that says what is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{House, request};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn what_does_not_exist_and_what_cannot_be_done_say_so() {
    let house = House::new().await;
    house.get("/nowhere").await.problem(404, "not-found");
    house.get("/api/v1/nowhere").await.problem(404, "not-found");
    let wrong = house.ask(request("PUT", "/api/v1/session", &[], "")).await;
    wrong.problem(405, "method-not-allowed");
    let allow = wrong.headers["allow"].to_str().unwrap();
    for method in ["GET", "POST", "DELETE", "OPTIONS"] {
        assert!(allow.contains(method), "{allow}");
    }
    assert_eq!(house.get("/v1/posts/nonsense").await.problem(422, "validation"), ["id"]);
    house.get("/v1/stages/UPPER_case!").await.problem(404, "not-found");
    house.get("/v1/stages/%ff").await.problem(400, "malformed");
    house.get("/v1/stages/a%00bc").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_before_anything_else() {
    let house = House::new().await;
    let post = async |headers: &[(&str, &str)], body: &str| {
        house.ask(request("POST", "/v1/views", headers, body)).await
    };
    post(&[("content-type", "text/plain")], "{}").await.problem(415, "unsupported-media-type");
    post(&[], "{}").await.problem(415, "unsupported-media-type");
    post(&[JSON], "{").await.problem(400, "malformed");
    post(&[JSON], "").await.problem(400, "malformed");
    assert_eq!(post(&[JSON], "[]").await.problem(422, "validation"), [""]);
    let large = format!("{{\"posts\": [\"{}\"]}}", "x".repeat(300_000));
    post(&[JSON], &large).await.problem(413, "too-large");
    let deep = "[".repeat(100_000);
    post(&[JSON], &deep).await.problem(400, "malformed");
    let mut invalid = request("POST", "/v1/views", &[JSON], "");
    *invalid.body_mut() = axum::body::Body::from(&b"{\"posts\": [\"\xff\"]}"[..]);
    house.ask(invalid).await.problem(400, "malformed");
}

#[tokio::test]
async fn all_fields_at_fault_are_named_at_once_and_as_the_client_wrote_them() {
    let house = House::new().await;
    let body = r#"{"first_name": "A\u0000", "last_name": " ", "email": "nobody", "phone": 7, "password": "short",
        "language": "fr", "surprise": true}"#;
    let refused = house.post("/api/v1/accounts", body).await;
    let mut fields = refused.problem(422, "validation");
    fields.sort();
    assert_eq!(fields, ["email", "first_name", "language", "last_name", "password", "phone", "surprise"]);
    let missing = house.post("/api/v1/session", "{}").await.problem(422, "validation");
    assert_eq!(missing, ["email", "password"]);
    let ids = r#"{"posts": ["0190163d-8694-539b-aea5-966c26f8ad90", "x"]}"#;
    assert_eq!(house.post("/v1/views", ids).await.problem(422, "validation"), ["posts/1"]);
}

#[tokio::test]
async fn a_query_that_means_nothing_is_refused_and_named() {
    let house = House::new().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=", "limit"),
        ("limit=%2B5", "limit"),
        ("network=fax", "network"),
        ("topic=", "topic"),
        ("topic=a%00", "topic"),
        ("&topic=a%FF", "topic"),
        ("topik=a", "topik"),
        ("limit=1&limit=2", "limit"),
        ("wait_for=-1", "wait_for"),
    ] {
        let refused = house.get(&format!("/v1/stages/rathaus/posts?{query}")).await;
        assert_eq!(refused.problem(422, "validation"), [field], "{query}");
    }
}

#[tokio::test]
async fn a_refusal_speaks_the_language_of_the_reader() {
    let house = House::new().await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut all = vec![JSON];
        all.extend_from_slice(headers);
        house.ask(request("POST", "/api/v1/session", &all, r#"{"email": "", "password": "x"}"#)).await
    };
    let english = ask(&[]).await;
    assert_eq!(english.json["errors"][0]["message"], "must not be empty");
    let german = ask(&[("accept-language", "de-DE,de;q=0.9")]).await;
    assert_eq!(german.json["errors"][0]["message"], "darf nicht fehlen und nicht leer sein");
    assert_eq!(german.json["title"], "Einige Werte sind nicht gültig");
    assert_eq!(german.json["type"], english.json["type"]);
    assert_eq!(german.headers["content-language"], "de");
    let chosen = ask(&[("accept-language", "en"), ("cookie", "language=de")]).await;
    assert_eq!(chosen.json["title"], german.json["title"]);
}

#[tokio::test]
async fn a_database_that_is_gone_is_a_503_with_a_time_to_come_back() {
    let house = House::new().await;
    house.database.pool.close().await;
    let refused = house.get("/v1/stages/rathaus").await;
    refused.problem(503, "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
}
