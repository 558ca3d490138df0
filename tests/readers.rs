//! What readers get from several servers at once, and how many may follow one.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{
    client::Client,
    cluster::Cluster,
    eventually,
    feeds::{Feeds, rss},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A stage with a few posts; the stage's id and the newest post's.
async fn stage_with_posts(ada: &mut Client, feeds: &Feeds) -> (String, String) {
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let stage = stage.expect(StatusCode::CREATED).id();
    let address =
        feeds.publish("news.xml", rss("News", (0..5).map(|n| (format!("{n}"), format!("Fest {n}")))));
    let source = json!({"network": "feed", "address": address});
    ada.post(&format!("/api/v1/stages/{stage}/sources"), source).await.expect(StatusCode::CREATED);
    let mut post = String::new();
    eventually("the posts are there", async || {
        let page = ada.get("/v1/stages/rathaus/posts").await;
        post = page.body["posts"][0]["id"].as_str().unwrap_or_default().to_owned();
        !post.is_empty()
    })
    .await;
    (stage, post)
}

fn shows(feed: &Value, post: &str) -> bool {
    feed["items"].as_array().unwrap().iter().any(|item| item["id"] == format!("urn:uuid:{post}"))
}

#[tokio::test]
async fn no_server_shows_an_old_page_fifty_milliseconds_after_the_projector_committed() {
    let cluster = Cluster::start(2, &[]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let mut ada = Client::registered(&cluster.servers[0].address, "ada@example.org").await;
    let (stage, post) = stage_with_posts(&mut ada, &feeds).await;
    let mut readers: Vec<Client> =
        cluster.servers.iter().map(|server| Client::new(&server.address)).collect();
    let (mut longest, mut stale) = (Duration::ZERO, 0);
    for round in 0..40 {
        let (verb, visible) = if round % 2 == 0 { ("hide", false) } else { ("show", true) };
        for reader in &mut readers {
            let page = reader.get("/v1/stages/rathaus/feed.json").await.expect(StatusCode::OK);
            assert_eq!(shows(&page.body, &post), !visible);
        }
        let done = ada.post(&format!("/api/v1/stages/{stage}/posts/{post}/{verb}"), json!({})).await;
        let position = done.expect(StatusCode::OK).body["position"].as_i64().unwrap();
        cluster.projected("feed", position).await;
        let committed = Instant::now();
        for reader in &mut readers {
            loop {
                let asked = committed.elapsed();
                let page = reader.get("/v1/stages/rathaus/feed.json").await.expect(StatusCode::OK);
                if shows(&page.body, &post) == visible {
                    break;
                }
                // The page left the server after it was asked for.
                assert!(asked < Duration::from_millis(50), "an old page {asked:?} after the commit");
                (longest, stale) = (longest.max(asked), stale + 1);
            }
        }
    }
    println!("{stale} old pages in 40 rounds, the last one asked for {longest:?} after the commit");
    cluster.end().await;
}

/// Resident memory of a process, in bytes.
fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

const FOLLOWERS: usize = 10_000;

#[tokio::test]
async fn ten_thousand_readers_follow_one_server_within_four_hundred_megabytes() {
    let cluster = Cluster::start(1, &["--connections", "10100"]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let server = &cluster.servers[0];
    let mut ada = Client::registered(&server.address, "ada@example.org").await;
    let (stage, post) = stage_with_posts(&mut ada, &feeds).await;
    let before = resident(server.pid());
    let address = server.address.strip_prefix("http://").unwrap();
    let request = format!("GET /v1/stages/rathaus/live HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut followers = Vec::with_capacity(FOLLOWERS);
    while followers.len() < FOLLOWERS {
        // As many at once as a server's backlog takes.
        let opened = (0..100).map(async |_| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            stream
        });
        for mut stream in futures::future::join_all(opened).await {
            until(&mut stream, "\nid: ").await;
            followers.push(stream);
        }
    }
    let idle = resident(server.pid());
    println!("{FOLLOWERS} followers: {} MB, {} MB before", idle >> 20, before >> 20);
    assert!(idle < 400 << 20, "{} MB", idle >> 20);

    ada.post(&format!("/api/v1/stages/{stage}/posts/{post}/hide"), json!({})).await.expect(StatusCode::OK);
    let told = Instant::now();
    for stream in &mut followers {
        until(stream, &post).await;
    }
    println!("all were told within {:?}; {} MB then", told.elapsed(), resident(server.pid()) >> 20);
    assert!(resident(server.pid()) < 400 << 20);
    drop(followers);
    cluster.end().await;
}

/// Reads until the answer holds this.
async fn until(stream: &mut TcpStream, text: &str) {
    let mut said = Vec::new();
    let reading = async {
        let mut buffer = [0; 2048];
        while !String::from_utf8_lossy(&said).contains(text) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the stream ended: {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&buffer[..read]);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("is told in time");
}
