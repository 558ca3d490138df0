//! What counting costs: the counter beside a process that only publishes to the same JetStream, and `POST /v1/views` beside
//! an axum handler that takes the same body and does nothing with it: `make bench`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss
)]

#[path = "support/allocator.rs"]
mod allocator;
#[path = "../tests/common/mod.rs"]
mod common;
#[path = "support/handler.rs"]
mod handler;
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/wrk.rs"]
mod wrk;

use std::{
    fs,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::jetstream::{self, stream};
use axum::{http::StatusCode, routing::post};
use bytes::Bytes;
use common::{
    client::Client,
    cluster::Cluster,
    eventually,
    feeds::{Feeds, rss},
};
use futures::{StreamExt, stream::FuturesUnordered};
use handler::Handler;
use ratios::Ratio;
use rounds::Rounds;
use serde_json::json;
use stage_domain::PostId;
use stage_projections::views::{Viewed, Viewer};
use stage_workers::views::{Journal, Settings, count, publish};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wrk::wrk;

/// Posts that are viewed, in turn.
const POSTS: u128 = 1_000;
/// Messages on their way to JetStream at once, and not answered yet.
const IN_FLIGHT: usize = 1_000;
/// Views in a message, unless told otherwise.
const CUT: usize = 7_500;
const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(3);
/// Far longer than it takes to publish or to count what a round publishes.
const AT_MOST: Duration = Duration::from_secs(300);
const LOAD: &str = "-t2 -c32";
const IDS: usize = 20;
const LIMIT: f64 = 200_000.0;
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

fn main() {
    if let Some(file) = handler::asked() {
        return handler::serve(&file, peer());
    }
    // Cargo also runs benches as tests; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        ratios::report(&[
            beside_publishing("views: counted, one a message", 1, 100_000).await,
            beside_publishing("views: counted, as we cut messages", CUT, 20_000_000).await,
        ]);
        match Command::new("wrk").arg("-v").output() {
            Ok(_) => ratios::report(&reported().await),
            Err(_) => {
                println!("views: wrk is missing, so that reports were not measured: apt-get install wrk")
            }
        }
    });
}

/// The counter beside the publisher, as rates of views.
async fn beside_publishing(name: &'static str, a_message: usize, views: usize) -> Ratio {
    let round = async || counted_and_published(a_message, views).await;
    let rounds = Rounds::run(ROUNDS, ["counted/s", "published and acknowledged/s"], round).await;
    rounds.ratio((name, 0), ("the same messages, published and acknowledged", 1), "views/s")
}

/// Lets the counter empty a stream that holds so many views; then publishes as many messages of the same size to a
/// stream like it, as fast as one process can, which does nothing else.
async fn counted_and_published(a_message: usize, views: usize) -> [f64; 2] {
    let (database, dir) = (stage_testkit::database().await, tempfile::tempdir().unwrap());
    let nats = async_nats::connect(stage_testkit::nats_url()).await.unwrap();
    let name = stage_testkit::unique("bench");
    let settings = Settings {
        subject: format!("test.{name}"),
        stream: name,
        message_records: a_message,
        journal_bytes: 1 << 30,
        ..Settings::default()
    };
    let journal = Journal::open(dir.path(), &settings, Arc::new(chrono::Utc::now), Arc::new(Uuid::now_v7));
    let journal = Arc::new(journal.unwrap());
    for first in (0..views).step_by(100) {
        let seen = |n| Viewed::Post(PostId(Uuid::from_u128(n as u128 % POSTS)));
        journal.viewed(&(first..first + 100).map(seen).collect::<Vec<_>>(), Viewer::Person).unwrap();
    }
    let messages = views.div_ceil(a_message);
    let stop = CancellationToken::new();
    let publishing =
        publish::run(journal, database.pool.clone(), nats.clone(), settings.clone(), stop.clone());
    let publishing = tokio::spawn(publishing);
    let jetstream = jetstream::new(nats.clone());
    // Not there at all until the publisher makes it.
    let (begun, mut found, mut bytes) = (Instant::now(), 0, 0);
    while found < messages as u64 {
        assert!(begun.elapsed() < AT_MOST, "{found} of {messages} messages came within {AT_MOST:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Ok(stream) = jetstream.get_stream(&settings.stream).await {
            (found, bytes) = (stream.cached_info().state.messages, stream.cached_info().state.bytes);
        }
    }
    stop.cancel();
    publishing.await.unwrap();

    let stop = CancellationToken::new();
    let begun = Instant::now();
    let counting = tokio::spawn(count::run(database.pool.clone(), nats.clone(), settings, stop.clone()));
    loop {
        let counted: Option<i64> =
            sqlx::query_scalar("SELECT sum(count)::bigint FROM read_views.view_totals")
                .fetch_one(&database.pool)
                .await
                .unwrap();
        let counted = counted.unwrap_or_default();
        if counted >= views as i64 {
            break;
        }
        assert!(begun.elapsed() < AT_MOST, "{counted} of {views} views were counted within {AT_MOST:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let counted = views as f64 / begun.elapsed().as_secs_f64();
    stop.cancel();
    counting.await.unwrap();
    let published = published(&jetstream, messages, bytes as usize / found as usize).await;
    [counted, views as f64 / published.as_secs_f64()]
}

/// How long it takes until JetStream has acknowledged so many messages.
async fn published(jetstream: &jetstream::Context, messages: usize, size: usize) -> Duration {
    let name = stage_testkit::unique("bench");
    let subject = format!("test.{name}");
    let config =
        stream::Config { name: name.clone(), subjects: vec![subject.clone()], ..stream::Config::default() };
    jetstream.create_stream(config).await.unwrap();
    // JetStream counts what it keeps beside a message too.
    let payload = Bytes::from(vec![1; size.saturating_sub(50).max(53)]);
    let begun = Instant::now();
    let mut waiting = FuturesUnordered::new();
    for _ in 0..messages {
        if waiting.len() == IN_FLIGHT {
            let acknowledged: Option<Result<_, _>> = waiting.next().await;
            acknowledged.unwrap().unwrap();
        }
        let sent = jetstream.publish(subject.clone(), payload.clone()).await.unwrap();
        waiting.push(sent.into_future());
    }
    while let Some(acknowledged) = waiting.next().await {
        acknowledged.unwrap();
    }
    let took = begun.elapsed();
    jetstream.delete_stream(&name).await.unwrap();
    took
}

/// What is sent.
#[derive(serde::Deserialize)]
struct Reported {
    posts: Vec<Uuid>,
}

/// The peer: axum alone, which reads what was sent and answers the same.
fn peer() -> axum::Router {
    let answer = async |axum::Json(reported): axum::Json<Reported>| {
        (StatusCode::ACCEPTED, axum::Json(json!({"accepted": reported.posts.len()})))
    };
    axum::Router::new().route("/v1/views", post(answer))
}

/// `POST /v1/views` with twenty ids, on a server whose views a worker counts meanwhile.
async fn reported() -> Vec<Ratio> {
    let cluster = Cluster::start(1, &[]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let ours = cluster.servers[0].address.clone();
    let mut ada = Client::registered(&ours, "ada@example.org").await;
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let stage = stage.expect(reqwest::StatusCode::CREATED).id();
    let items = (0..IDS).map(|number| (number.to_string(), format!("Beitrag {number}")));
    let address = feeds.publish("news.xml", rss("News", items));
    let source = json!({"network": "feed", "address": address});
    ada.post(&format!("/api/v1/stages/{stage}/sources"), source).await.expect_success();
    let mut ids = vec![];
    eventually("the posts are there", async || {
        // Not there at all until the stage is.
        let page = ada.get("/v1/stages/rathaus/posts").await;
        let posts = page.body["posts"].as_array();
        ids = posts.into_iter().flatten().map(|post| post["id"].clone()).collect();
        ids.len() == IDS
    })
    .await;

    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("report.lua");
    let body = json!({"posts": ids}).to_string();
    let lua = format!(
        "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.headers['User-Agent'] = '{BROWSER}'\nwrk.body = '{body}'\n"
    );
    fs::write(&script, lua).unwrap();
    let peer = Handler::start(&folder.path().join("handler")).await;
    let addresses = [format!("{ours}/v1/views"), format!("http://{}/v1/views", peer.address)];
    let load: Vec<&str> = LOAD.split(' ').chain(["-s", script.to_str().unwrap()]).collect();
    let mut answered = 0;
    let rounds = Rounds::run(ROUNDS, ["ours, views/s", "axum", "limit"], async || {
        let [ours, axum] = addresses.each_ref().map(|address| wrk(&load, TIME, address));
        answered += ours.requests * IDS as u64;
        [ours.rate * IDS as f64, axum.rate * IDS as f64, LIMIT]
    })
    .await;
    drop(peer);
    let pool = &cluster.database.pool;
    eventually("every answered view is counted", async || {
        let counted: Option<i64> = sqlx::query_scalar(
            "SELECT sum(count + bots)::bigint FROM read_views.view_totals WHERE kind = 'post'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        counted.unwrap_or_default().unsigned_abs() >= answered
    })
    .await;
    cluster.end().await;
    vec![
        rounds.ratio(
            ("views: reported, 20 ids a call", 0),
            ("axum, which does nothing with them", 1),
            "views/s",
        ),
        rounds.ratio(("views: reported, limit", 0), ("limit", 2), "views/s"),
    ]
}
