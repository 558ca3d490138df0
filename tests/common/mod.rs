//! What tests from outside share: the running program, a client, a server of feeds.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod app;
pub mod client;
pub mod cluster;
pub mod feeds;
pub mod house;
pub mod metrics;
pub mod nats;
pub mod program;
pub mod search;
pub mod team;
pub mod verifier;

use std::time::{Duration, Instant};

/// Waits until `condition` holds; fails after a time that only a fault can take.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < Duration::from_secs(90), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
