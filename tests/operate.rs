//! What whoever operates servers and workers sees of them, and how they end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{client::Client, eventually, house::House, metrics::Metrics};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use stage_store::proof::NotaryKey;
use stage_testkit::{FakeSlack, Program};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What a program says of a projection.
async fn projection(program: &Program, name: &str, of: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels = [&[("projection", of)], labels].concat();
    Metrics::of(&program.address).await.value(name, &labels)
}

#[tokio::test]
async fn servers_and_workers_show_how_far_each_projection_is_and_the_event_that_stops_one() {
    let house = House::serve().await;
    let worker = house.worker().await;
    house.create(1, "rathaus").await;
    let last = house.import(1, 0, 500).await;
    for program in [&house.server, &worker] {
        eventually("the metrics show that the feed is there and at what rate it got there", async || {
            projection(program, "stage_projection_position", "feed", &[]).await == Some(last as f64)
        })
        .await;
        let running = [("state", "running")];
        assert_eq!(projection(program, "stage_projection_state", "feed", &running).await, Some(1.0));
        assert_eq!(projection(program, "stage_projection_lag_events", "feed", &[]).await, Some(0.0));
        assert_eq!(projection(program, "stage_projection_lag_seconds", "feed", &[]).await, Some(0.0));
        assert!(projection(program, "stage_projection_rate", "feed", &[]).await.is_some());
        assert_eq!(projection(program, "stage_projection_failing", "feed", &[]).await, None);
    }

    let poison: i64 = sqlx::query_scalar(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('post', gen_random_uuid()::text, 1, 'PostImported', '1', '{\"PostImported\": {}}', '{}')
         RETURNING position",
    )
    .fetch_one(&house.database.pool)
    .await
    .unwrap();
    let end = house.import(1, 500, 510).await;
    for program in [&house.server, &worker] {
        let position = poison.to_string();
        let failing = [("projection", "feed"), ("position", position.as_str())];
        eventually("the metrics show the event", async || {
            let metrics = Metrics::of(&program.address).await;
            let state =
                metrics.value("stage_projection_state", &[("projection", "feed"), ("state", "failed")]);
            let behind = metrics.value("stage_projection_lag_events", &[("projection", "feed")]);
            let seconds = metrics.value("stage_projection_lag_seconds", &[("projection", "feed")]);
            metrics.value("stage_projection_failing", &failing) == Some(1.0)
                && state == Some(1.0)
                && behind == Some(11.0)
                && seconds > Some(0.0)
        })
        .await;
        let metrics = Metrics::of(&program.address).await;
        let line = metrics.lines("stage_projection_failing").find(|line| line.contains("\"feed\"")).unwrap();
        for part in ["PostImported version 1: the field", "stage projections skip feed"] {
            assert!(line.contains(part), "{line} without {part:?}");
        }
        let page = include_str!("../docs/projections.md");
        for name in metrics.names().into_iter().filter(|name| name.starts_with("stage_projection")) {
            assert!(page.contains(&format!("`{name}")), "{name} is explained");
        }
        eventually("the others go on", async || {
            projection(program, "stage_projection_position", "accounts", &[]).await == Some(end as f64)
        })
        .await;
    }
    assert!(worker.end().await.success());
}

#[tokio::test]
async fn a_worker_that_has_never_led_says_so_and_counts_from_zero() {
    let (slack, key) = (FakeSlack::start().await, NotaryKey::new("example.org/log", &[1; 32]).unwrap());
    let settings = [
        ("STAGE_SLACK_WEBHOOK_URL", slack.url.as_str()),
        ("STAGE_NOTARY_KEY", key.to_text().expose_secret()),
    ];
    let house = House::serve_with(&stage_testkit::nats_url(), &settings).await;
    let leads = [
        ("stage_projection_leader", Some(("projection", "feed"))),
        ("stage_projection_leader", Some(("projection", "outbox_slack"))),
        ("stage_outbox_leader", Some(("recipient", "slack"))),
        ("stage_notary_leader", None),
        ("stage_views_counter_leads", None),
    ];
    let says = async |worker: &Program, value: f64| {
        let metrics = Metrics::of(&worker.address).await;
        leads.iter().all(|(name, of)| metrics.value(name, of.as_slice()) == Some(value))
    };
    let first = house.worker().await;
    eventually("the first leads everything", async || says(&first, 1.0).await).await;
    let second = house.worker().await;
    eventually("the second leads nothing", async || says(&second, 0.0).await).await;
    let metrics = Metrics::of(&second.address).await;
    for counter in ["stage_events_appended_total", "stage_posts_imported_total", "stage_views_counted_total"]
    {
        assert_eq!(metrics.value(counter, &[]), Some(0.0), "{counter}");
    }
    for outcome in ["imported", "not_modified", "failed", "not_stored"] {
        assert_eq!(metrics.value("stage_polls_total", &[("outcome", outcome)]), Some(0.0), "{outcome}");
    }
}

#[tokio::test]
async fn without_the_object_store_both_programs_live_and_are_not_ready() {
    let mut house = House::serve().await;
    let worker = house.worker().await;
    let programs = [&house.server, &worker];
    for program in programs {
        let mut asked = Client::new(&program.address);
        let ready = asked.get("/health/ready").await.expect(StatusCode::OK);
        assert_eq!(ready.body["components"].as_array().unwrap().len(), 3);
    }
    house.objects.end().await;
    for program in [&house.server, &worker] {
        let mut asked = Client::new(&program.address);
        let ready = asked.get("/health/ready").await.expect(StatusCode::SERVICE_UNAVAILABLE);
        let components = ready.body["components"].as_array().unwrap();
        let missing: Vec<_> = components.iter().filter(|component| component["ready"] == false).collect();
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert_eq!(missing[0]["name"], "s3");
        asked.get("/health/live").await.expect(StatusCode::OK);
        eventually("the metrics tell", async || {
            let metrics = Metrics::of(&program.address).await;
            metrics.value("stage_component_ready", &[("component", "s3")]) == Some(0.0)
                && metrics.value("stage_component_ready", &[("component", "postgresql")]) == Some(1.0)
        })
        .await;
    }
    assert!(worker.end().await.success());
}

/// A connection on which this was sent.
async fn sent(address: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// What comes until the connection ends; fails when it is reset.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("ends and is not cut");
    String::from_utf8_lossy(&rest).into_owned()
}

/// Asks again and again with a connection each, until nobody is let in any more. Every answer must be a whole one.
async fn ask_on(address: String) -> u32 {
    for answered in 0.. {
        let Ok(mut stream) = TcpStream::connect(address.trim_start_matches("http://")).await else {
            return answered;
        };
        let request = "GET /v1/stages/rathaus HTTP/1.1\r\nHost: stage\r\nConnection: close\r\n\r\n";
        if stream.write_all(request.as_bytes()).await.is_err() {
            return answered;
        }
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        // Connected in the very moment in which the door was closed: never let in, and never answered by halves.
        if answer.is_empty() {
            return answered;
        }
        read.expect("an answer that was begun is ended");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("rathaus") && answer.ends_with('}'), "{answer}");
    }
    unreachable!("there is always an end");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sigterm_a_server_says_it_is_not_ready_answers_what_is_open_ends_streams_and_ends_well() {
    let mut house = House::serve().await;
    let worker = house.worker().await;
    house.create(1, "rathaus").await;
    let address = house.server.address.clone();
    let mut reader = Client::new(&address);
    eventually("the stage is there", async || {
        reader.get("/v1/stages/rathaus").await.status == StatusCode::OK
    })
    .await;
    let mut stream = sent(&address, "GET /v1/stages/rathaus/live HTTP/1.1\r\nHost: stage\r\n\r\n").await;
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    let body = r#"{"stages":["rathaus"]}"#;
    let head = format!(
        "POST /v1/views HTTP/1.1\r\nHost: stage\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut half = sent(&address, &format!("{head}{}", &body[..5])).await;
    let load: Vec<_> = (0..4).map(|_| tokio::spawn(ask_on(address.clone()))).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;

    let told = Instant::now();
    house.server.signal(Signal::SIGTERM);
    let mut asked = Client::new(&address);
    eventually("it says that it is not ready", async || {
        asked.get("/health/ready").await.status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    let answer = asked.get("/v1/stages/rathaus").await.expect(StatusCode::OK);
    assert_eq!(answer.headers["connection"], "close", "who comes back goes elsewhere");
    assert!(told.elapsed() < Duration::from_secs(3), "and still lets readers in");

    let stream_ended = rest(&mut stream).await;
    assert!(told.elapsed() >= Duration::from_secs(3), "streams end when nobody is let in any more");
    assert!(stream_ended.contains("retry:") && stream_ended.ends_with("0\r\n\r\n"), "{stream_ended:?}");
    half.write_all(&body.as_bytes()[5..]).await.unwrap();
    let answer = rest(&mut half).await;
    assert!(answer.starts_with("HTTP/1.1 202") && answer.contains("accepted"), "{answer}");
    for load in load {
        assert!(load.await.unwrap() > 10, "was answered until then");
    }
    assert!(house.server.ended().await.success());
    assert!(told.elapsed() < Duration::from_secs(13), "took {:?}", told.elapsed());
    assert!(worker.end().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sigterm_a_worker_hands_over_at_once_and_ends_well() {
    let house = House::serve().await;
    let mut first = house.worker().await;
    house.create(1, "rathaus").await;
    let last = house.import(1, 0, 100).await;
    eventually("it works", async || house.reached().await >= last).await;
    let second = house.worker().await;
    let told = Instant::now();
    first.signal(Signal::SIGTERM);
    assert!(first.ended().await.success());
    assert!(told.elapsed() < Duration::from_secs(10), "took {:?}", told.elapsed());
    let last = house.import(1, 100, 200).await;
    eventually("the other goes on", async || house.reached().await >= last).await;
    assert!(told.elapsed() < Duration::from_secs(15), "took {:?}", told.elapsed());
    assert!(second.end().await.success());
}
