//! The whole way, once, as a client goes it: register, create a stage, define topics, link feeds, read by
//! topic, moderate, count views, unlink, log out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{
    client::Client,
    eventually,
    feeds::{Feeds, rss},
    program::Program,
};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;

fn items(titles: &[&str]) -> Vec<(String, String)> {
    titles.iter().enumerate().map(|(n, title)| (format!("item-{n}"), (*title).to_owned())).collect()
}

#[tokio::test]
async fn a_client_goes_from_registration_to_a_feed_that_counts_its_views() {
    let program = Program::start().await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;

    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let stage = stage.expect(StatusCode::CREATED);
    let stages = format!("/api/v1/stages/{}", stage.id());
    let topic = json!({"name": "Feste", "include": {"terms": ["Straßenfest"], "phrases": [], "hashtags": []},
        "exclude": {"terms": ["abgesagt"], "phrases": [], "hashtags": []}});
    let topic = ada.post(&format!("{stages}/topics"), topic).await.expect(StatusCode::CREATED).id();

    let titles = ["Zwei Straßenfeste im Mai", "Straßenfest abgesagt", "Neuer Radweg"];
    let address = feeds.publish("news.xml", rss("News", items(&titles)));
    let source = ada.post(&format!("{stages}/sources"), json!({"network": "feed", "address": address})).await;
    let source = source.expect(StatusCode::CREATED).id();
    let mut reader = Client::new(&program.base);
    eventually("all posts are imported", async || {
        reader.get("/v1/stages/rathaus/posts").await.body["posts"].as_array().map(Vec::len) == Some(3)
    })
    .await;

    let by_topic =
        reader.get(&format!("/v1/stages/rathaus/posts?topic={topic}")).await.expect(StatusCode::OK);
    let posts = by_topic.body["posts"].as_array().unwrap().clone();
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert_eq!(posts[0]["title"], titles[0]);
    let reason = &posts[0]["topics"][0]["reasons"][0];
    assert_eq!(
        (&reason["rule"]["text"], &reason["words"][0]),
        (&json!("Straßenfest"), &json!("Straßenfeste"))
    );

    // Changing the topic sorts anew what is there already.
    let wider = json!({"name": "Feste", "include": {"terms": ["Straßenfest", "Radwege"], "phrases": [], "hashtags": []},
        "exclude": {"terms": [], "phrases": [], "hashtags": []}});
    let changed = ada.put(&format!("{stages}/topics/{topic}"), wider).await.expect_success();
    let position = changed.body["position"].clone();
    let wide = reader.get(&format!("/v1/stages/rathaus/posts?topic={topic}&wait_for={position}")).await;
    assert_eq!(wide.body["posts"].as_array().unwrap().len(), 3);

    // A person's own assignment wins over the rules.
    let post = posts[0]["id"].as_str().unwrap().to_owned();
    let own =
        ada.post(&format!("{stages}/posts/{post}/topics"), json!({"topics": []})).await.expect_success();
    let position = own.body["position"].clone();
    let narrower = reader.get(&format!("/v1/stages/rathaus/posts?topic={topic}&wait_for={position}")).await;
    assert_eq!(narrower.body["posts"].as_array().unwrap().len(), 2);

    // A hidden post is gone for readers until it is shown again.
    let hidden = ada.post(&format!("{stages}/posts/{post}/hide"), json!({})).await.expect_success();
    let position = hidden.body["position"].clone();
    let gone = reader.get(&format!("/v1/posts/{post}?wait_for={position}")).await;
    gone.expect(StatusCode::NOT_FOUND);
    let shown = ada.post(&format!("{stages}/posts/{post}/show"), json!({})).await.expect_success();
    let position = shown.body["position"].clone();
    reader.get(&format!("/v1/posts/{post}?wait_for={position}")).await.expect(StatusCode::OK);

    // That reading counted one view; two more are reported.
    let views = json!({"posts": [post, post], "stages": ["rathaus"]});
    reader.post("/v1/views", views).await.expect(StatusCode::ACCEPTED);
    eventually("the views are counted", async || {
        let listed = ada.get(&format!("{stages}/posts")).await;
        let listed = listed.body["posts"].as_array().unwrap().clone();
        listed.iter().any(|shown| shown["id"] == json!(post) && shown["views"] == 3)
    })
    .await;

    // A revised post is revised; the same document again changes nothing.
    let titles = ["Drei Straßenfeste im Mai", "Straßenfest abgesagt", "Neuer Radweg"];
    feeds.publish("news.xml", rss("News", items(&titles)));
    ada.post(&format!("{stages}/sources/{source}/poll"), json!({})).await.expect(StatusCode::ACCEPTED);
    eventually("the post is revised", async || {
        reader.get(&format!("/v1/posts/{post}")).await.body["title"] == titles[0]
    })
    .await;

    ada.delete(&format!("{stages}/sources/{source}")).await.expect_success();
    eventually("the posts of the unlinked source are gone", async || {
        reader.get("/v1/stages/rathaus/posts").await.body["posts"] == json!([])
    })
    .await;
    ada.delete("/api/v1/session").await.expect_success();
    ada.get("/api/v1/stages").await.expect(StatusCode::UNAUTHORIZED);
    program.stop().await;
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_a_post_while_new_ones_arrive() {
    let program = Program::start().await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await.id();
    let post = |n: usize| (format!("item-{n}"), format!("Post {n}"));
    let address = feeds.publish("news.xml", rss("News", (0..60).map(post)));
    let sources = format!("/api/v1/stages/{stage}/sources");
    let source = ada.post(&sources, json!({"network": "feed", "address": address})).await.id();
    let mut reader = Client::new(&program.base);
    eventually("all posts are imported", async || {
        let page = reader.get("/v1/stages/rathaus/posts?limit=100").await;
        page.body["posts"].as_array().map(Vec::len) == Some(60)
    })
    .await;

    let mut seen = Vec::new();
    let mut next = Some("/v1/stages/rathaus/posts?limit=7".to_owned());
    while let Some(path) = next {
        let page = reader.get(&path).await.expect(StatusCode::OK);
        let posts = page.body["posts"].as_array().unwrap();
        seen.extend(posts.iter().map(|post| post["title"].as_str().unwrap().to_owned()));
        next = page.body["next"].as_str().map(|next| next.trim_start_matches(&program.base).to_owned());
        if seen.len() == 7 {
            feeds.publish("news.xml", rss("News", (100..130).chain(0..60).map(post)));
            ada.post(&format!("{sources}/{source}/poll"), json!({})).await.expect_success();
            let mut other = Client::new(&program.base);
            eventually("the new posts arrive", async || {
                let page = other.get("/v1/stages/rathaus/posts?limit=100").await;
                page.body["posts"].as_array().map(Vec::len) == Some(90)
            })
            .await;
        }
    }
    let mut expected: Vec<_> = (0..60).map(|n| format!("Post {n}")).collect();
    expected.sort();
    let mut old: Vec<_> = seen.iter().filter(|title| expected.contains(title)).cloned().collect();
    old.sort();
    assert_eq!(old, expected);
    program.stop().await;
}
