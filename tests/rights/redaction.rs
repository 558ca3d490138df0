//! What a post says about a third person (Art. 17).

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    common::{
        eventually,
        feeds::{Feeds, rss},
        program::{Program, command},
    },
    person, said,
};

#[tokio::test]
async fn a_redacted_post_is_gone_from_the_stage_and_the_log_and_no_import_brings_it_back() {
    let program = Program::start_with(&["--allow-private-addresses"]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let (mut ada, _) = person(&program).await;
    let mut stage = String::new();
    eventually("the stage is listed", async || {
        let stages = ada.get("/api/v1/stages").await.body["stages"].clone();
        stage = format!("/api/v1/stages/{}", stages[0]["id"].as_str().unwrap_or_default());
        stages[0]["id"].is_string()
    })
    .await;
    let publish = |titles: &[&str]| {
        let items = titles.iter().enumerate().map(|(id, title)| (id.to_string(), (*title).to_owned()));
        feeds.publish("news.xml", rss("News", items))
    };
    let address = publish(&["Frau Sommerwind zieht um", "Herr Winterkalt auch"]);
    let source = json!({"network": "feed", "address": address});
    let source = ada.post(&format!("{stage}/sources"), source).await.expect_success().id();
    let mut shown = Vec::new();
    eventually("the posts are imported", async || {
        let posts = ada.get("/v1/stages/rathaus/posts").await.body["posts"].clone();
        let posts = posts.as_array().cloned().unwrap_or_default();
        shown = posts.iter().map(|post| post["id"].as_str().unwrap().to_owned()).collect();
        shown.len() == 2
    })
    .await;

    // One by the stage's owner, one by the operator.
    let redact = format!("{stage}/posts/{}/redact", shown[0]);
    let wrong =
        ada.post(&redact, json!({"reason": "she asked"})).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.field(), Some("reason"));
    ada.post(&redact, json!({"reason": "personal_data"})).await.expect(StatusCode::OK);
    let arguments = ["post", "redact", shown[1].as_str(), "--reason", "personal_data", "--json"];
    let position = said(&command(program.data(), &arguments))["position"].clone();
    for post in &shown {
        ada.get(&format!("/v1/posts/{post}?wait_for={position}")).await.expect(StatusCode::NOT_FOUND);
    }
    // The feed brings both again, one of them changed, and a new one.
    publish(&["Frau Sommerwind zieht um", "Herr Winterkalt auch, sagt man", "Neuer Radweg"]);
    ada.post(&format!("{stage}/sources/{source}/poll"), json!({})).await.expect_success();
    eventually("the new post is imported", async || {
        let posts = ada.get("/v1/stages/rathaus/posts").await.body["posts"].clone();
        posts[0]["title"] == "Neuer Radweg" && posts.as_array().map(Vec::len) == Some(1)
    })
    .await;
    let log = command(program.data(), &["log", "export"]);
    assert!(log.status.success(), "{}", String::from_utf8_lossy(&log.stderr));
    let log = String::from_utf8(log.stdout).unwrap();
    assert_eq!(log.matches("\"PostRedacted\":{").count(), 2, "{log}");
    assert!(log.contains("Neuer Radweg") && !log.contains("Sommerwind") && !log.contains("Winterkalt"));
    program.stop().await;
}
