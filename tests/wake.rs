//! What a server was told becomes readable through a worker: at once while NATS wakes it, and a little later without.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{client::Client, eventually, house::House, nats::Nats};
use reqwest::StatusCode;
use serde_json::json;

const COMMANDS: usize = 15;

/// How long it takes from a command's answer until its row is there: the median of some.
async fn wait(house: &House, client: &mut Client, round: &str) -> Duration {
    let mut waits = Vec::new();
    for number in 0..COMMANDS {
        let email = format!("ada{number}@{round}.example.org");
        let person = json!({"first_name": "Ada", "last_name": "Lovelace", "email": email,
            "password": "correct horse battery", "language": "en"});
        let id = client.post("/api/v1/accounts", person).await.expect(StatusCode::CREATED).id();
        let answered = Instant::now();
        loop {
            let there: bool =
                sqlx::query_scalar("SELECT EXISTS (SELECT FROM read_accounts.accounts WHERE id = $1::uuid)")
                    .bind(&id)
                    .fetch_one(&house.database.pool)
                    .await
                    .unwrap();
            if there {
                break;
            }
            assert!(answered.elapsed() < Duration::from_secs(60), "the row of {round} {number} never came");
        }
        waits.push(answered.elapsed());
        // At rest: what one command woke is asleep again, each time at another moment of its sleep.
        tokio::time::sleep(Duration::from_millis(50 + 17 * number as u64)).await;
    }
    waits.sort_unstable();
    waits[COMMANDS / 2]
}

async fn is_connected(address: &str) -> bool {
    let ready = Client::new(address).get("/health/ready").await;
    let components = ready.body["components"].as_array().unwrap();
    components.iter().any(|component| component["name"] == "nats" && component["ready"] == true)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nats_is_gone_rows_come_by_polling_and_afterwards_by_waking_again() {
    let mut nats = Nats::start().await;
    let house = House::serve_with(&nats.url(), &[("STAGE_REGISTRATION_BURST", "1000")]).await;
    let worker = house.worker().await;
    let mut client = Client::new(&house.server.address);
    let both_connected =
        async || is_connected(&house.server.address).await && is_connected(&worker.address).await;
    eventually("both are connected", both_connected).await;
    wait(&house, &mut client, "first").await;
    let woken = wait(&house, &mut client, "woken").await;

    nats.kill().await;
    eventually("both have noticed", async || {
        !is_connected(&house.server.address).await && !is_connected(&worker.address).await
    })
    .await;
    let polled = wait(&house, &mut client, "polled").await;

    nats.start_again().await;
    eventually("both are connected again", both_connected).await;
    let again = wait(&house, &mut client, "again").await;
    // Polling looks four times a second; being woken takes a few milliseconds.
    assert!(woken * 2 < polled, "woken after {woken:?}, polled after {polled:?}");
    assert!(again * 2 < polled, "woken again after {again:?}, polled after {polled:?}");
    assert!(worker.end().await.success());
    assert!(house.server.end().await.success());
}
