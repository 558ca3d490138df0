//! How soon a reader can read what a command wrote, with the command in one process and the projections in another:
//! `make bench`. The limit is 15 ms at rest, from the command's answer on, median.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

#[path = "support/ratios.rs"]
mod ratios;

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use ratios::Ratio;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use stage_testkit::Program;

const STAGE: &str = env!("CARGO_BIN_EXE_stage");
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const COMMANDS: usize = 200;
const LIMIT: f64 = 15.0;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Runtime::new().unwrap().block_on(measure());
}

async fn measure() {
    let (database, objects) = (stage_testkit::database().await, stage_testkit::objects().await);
    let environment = [
        ("STAGE_DATABASE_URL", database.url.clone()),
        ("STAGE_NATS_URL", stage_testkit::nats_url()),
        ("STAGE_S3_ENDPOINT", objects.settings.endpoint.clone()),
        ("STAGE_S3_BUCKET", objects.settings.bucket.clone()),
        ("STAGE_S3_ACCESS_KEY", objects.settings.access_key.clone()),
        ("STAGE_S3_SECRET_KEY", objects.settings.secret_key.expose_secret().to_owned()),
        ("STAGE_MASTER_KEY", MASTER_KEY.to_owned()),
    ];
    let borrowed: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let journal = tempfile::tempdir().unwrap();
    let serve = ["serve", "--journal-dir", journal.path().to_str().unwrap(), "--registration-burst", "1000"];
    let server =
        Program::start(STAGE, &serve, &borrowed).await.unwrap_or_else(|refused| panic!("{}", refused.stderr));
    let mut worker = tokio::process::Command::new(STAGE)
        .arg("work")
        .envs(environment)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut times = Vec::new();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for number in 0..COMMANDS + 20 {
        let time = once(&http, &server.address, &database.pool, number).await;
        if number >= 20 {
            times.push(time.as_secs_f64() * 1e3);
        }
        // At rest: what one command woke is asleep again.
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    worker.kill().await.unwrap();
    assert!(server.end().await.success());
    times.sort_by(f64::total_cmp);
    println!("median {:.1} ms, 95 % within {:.1} ms", times[COMMANDS / 2], times[COMMANDS * 95 / 100]);
    ratios::report(&[Ratio {
        name: "wake: from a command's answer to its row",
        unit: "ms",
        measured: times[COMMANDS / 2],
        reference_name: "limit",
        reference: LIMIT,
    }]);
}

/// From the answer to a registration until the account's row can be read.
async fn once(http: &reqwest::Client, address: &str, pool: &PgPool, number: usize) -> Duration {
    let person = serde_json::json!({"first_name": "Ada", "last_name": "Lovelace",
        "email": format!("ada{number}@example.org"), "password": "correct horse battery", "language": "en"});
    let answer = http
        .post(format!("{address}/api/v1/accounts"))
        .header("content-type", "application/json")
        .body(person.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    let answered = Instant::now();
    loop {
        let rows: i64 =
            sqlx::query_scalar("SELECT count(*) FROM read_accounts.accounts").fetch_one(pool).await.unwrap();
        if rows > number as i64 {
            return answered.elapsed();
        }
        assert!(answered.elapsed() < Duration::from_secs(30), "the row never came");
    }
}
