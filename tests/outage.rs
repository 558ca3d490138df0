//! With NATS out of order reads go on as fast as before, and no view is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::time::{Duration, Instant};

use common::{client::Client, eventually, program::Program};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;

/// Reads the stage for a while, and says how long each read took, the slowest last.
async fn reads(reader: &mut Client, during: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let mut took = Vec::new();
    while begun.elapsed() < during {
        let one = Instant::now();
        reader.get("/v1/stages/rathaus").await.expect_success();
        took.push(one.elapsed());
    }
    took.sort_unstable();
    took
}

#[tokio::test]
async fn while_nats_hangs_reads_are_not_slower_and_no_view_is_lost() {
    let program = Program::start().await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let position = &stage.expect_success().body["position"];
    let mut reader = Client::new(&program.base);
    reader.get(&format!("/v1/stages/rathaus?wait_for={position}")).await.expect_success();

    let before = reads(&mut reader, Duration::from_secs(4)).await;
    // Stopped, not ended: connections stay open and nobody answers, which is the worst that a broker can do.
    let nats = Pid::from_raw(program.service("nats-server")[0]);
    kill(nats, Signal::SIGSTOP).unwrap();
    let during = reads(&mut reader, Duration::from_secs(15)).await;
    kill(nats, Signal::SIGCONT).unwrap();

    let median = |took: &[Duration]| took[took.len() / 2];
    assert!(
        median(&during) < 2 * median(&before) + Duration::from_millis(2),
        "a read took {:?} before and {:?} during the outage",
        median(&before),
        median(&during)
    );
    // A read that waited for NATS would have waited for one of its time limits, which are seconds.
    assert!(during.last() < Some(&Duration::from_secs(2)), "one read took {:?}", during.last());

    let read = 1 + before.len() + during.len();
    let count = async |ada: &mut Client| {
        ada.get("/api/v1/stages").await.expect_success().body["stages"][0]["views"].as_u64().unwrap()
    };
    eventually("every view is counted", async || count(&mut ada).await >= read as u64).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(&mut ada).await, read as u64);
    program.stop().await;
}
