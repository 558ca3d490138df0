//! Traces go to a collector when one is named, and hold nothing about anybody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use common::{
    client::Client,
    eventually,
    house::House,
    search::{contains, holds_none},
};
use reqwest::StatusCode;
use serde_json::json;

/// Takes traces as a collector does (OTLP over HTTP, in protobuf), and keeps what it got to the byte.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl Collector {
    async fn serve() -> (Self, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self::default();
        let kept = collector.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            let mut kept = kept.0.lock().unwrap();
            // Its own address is no news to it.
            for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
                kept.extend_from_slice(name.as_str().as_bytes());
                kept.extend_from_slice(value.as_bytes());
            }
            kept.extend_from_slice(&body);
            // An empty ExportTraceServiceResponse: everything was taken.
            ([("content-type", "application/x-protobuf")], Bytes::new())
        };
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, address)
    }

    fn has(&self, text: &str) -> bool {
        contains(&self.0.lock().unwrap(), text.as_bytes())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_what_requests_and_workers_did_and_nothing_about_anybody() {
    let (collector, address) = Collector::serve().await;
    // The machine's proxy has no business with this.
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("NO_PROXY", "127.0.0.1"),
        ("no_proxy", "127.0.0.1"),
        ("STAGE_TRUSTED_PROXY", "127.0.0.1"),
    ];
    let house = House::serve_with(&stage_testkit::nats_url(), &settings).await;
    let worker = house.worker().await;
    let mut ada = Client::registered(&house.server.address, "ada@example.org").await;
    let stage =
        ada.post("/api/v1/stages", json!({"name": "Rathaus Musterhausen", "handle": "rathaus"})).await;
    let stage = stage.expect(StatusCode::CREATED).id();
    eventually("the worker has carried the stage over", async || {
        ada.get("/v1/stages/rathaus").await.status == StatusCode::OK
    })
    .await;
    let headers = [
        ("user-agent", "Lovelace-Browser/1.0"),
        ("x-forwarded-for", "203.0.113.77"),
        ("referer", "https://secret.example/page"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    for path in
        ["/v1/stages/rathaus/posts?q=Geheimwort", "/v1/stages/nirgends", "/v1/audit/events", "/wp-login.php"]
    {
        ada.send(reqwest::Method::GET, path, None, &headers).await;
    }
    let wrong = json!({"email": "grace@example.org", "password": "a wrong password"});
    ada.send(reqwest::Method::POST, "/api/v1/session", Some(wrong), &headers).await;
    for sent in ["POST /api/v1/accounts", "GET /v1/stages/{handle}/posts", "append", "apply", "projection"] {
        eventually(&format!("the collector has got {sent:?}"), async || collector.has(sent)).await;
    }
    let tokens = [ada.cookie("session"), ada.cookie("XSRF-TOKEN")];
    assert!(worker.end().await.success());
    assert!(house.server.end().await.success());
    let got = collector.0.lock().unwrap();
    let mut nobody = vec![
        "Lovelace",
        "ada@example",
        "grace@example",
        "example.org",
        "correct horse",
        "a wrong password",
        "Rathaus",
        "rathaus",
        "Geheimwort",
        "nirgends",
        "wp-login",
        "203.0.113.77",
        "secret.example",
        "127.0.0.1:",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "src/",
    ];
    nobody.extend(tokens.iter().map(String::as_str));
    nobody.push(&stage);
    holds_none("the collector", got.as_slice(), &nobody[..5]);
    for value in &nobody[5..] {
        assert!(!contains(&got, value.as_bytes()), "the collector got {value:?}");
    }
    // The number of a trace goes as bytes.
    let number: Vec<u8> = hex::decode("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
    assert!(!contains(&got, &number), "a client's trace is not taken over");
}
