//! `stage doctor`: an installation that is well is called so, and whatever is wrong is named with what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{collections::BTreeMap, process::Output};

use common::{eventually, house::House, program::Program};
use secrecy::ExposeSecret as _;
use serde_json::Value;

/// What each check said, the last line of a check that says several.
struct Told {
    well: bool,
    lines: BTreeMap<String, (String, String)>,
    text: String,
}

impl Told {
    fn of(output: &Output) -> Self {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| {
                let part = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                let told = format!("{}; {}", part("found"), part("remedy"));
                (part("check"), (part("state"), told))
            })
            .collect();
        let text = text + &String::from_utf8_lossy(&output.stderr);
        Self { well: output.status.success(), lines, text }
    }

    /// How many checks are well. The disk is not counted: it is the machine's, and says nothing of the program.
    fn well_checks(&self) -> usize {
        self.in_state("well").iter().filter(|check| **check != "disk").count()
    }

    /// Whether the disk of this machine is too full.
    fn disk_is_full(&self) -> bool {
        self.lines["disk"].0 != "well"
    }

    /// The checks in this state.
    fn in_state(&self, state: &str) -> Vec<&str> {
        self.lines.iter().filter(|(_, (found, _))| found == state).map(|(check, _)| &**check).collect()
    }

    /// Fails unless this check is wrong and says all of these.
    #[track_caller]
    fn expect_wrong(&self, check: &str, words: &[&str]) {
        let (state, told) = &self.lines[check];
        assert_eq!(state, "wrong", "{check}: {told}");
        for word in words {
            assert!(told.contains(word), "{check} says {told:?} without {word:?}");
        }
        assert!(!self.well, "and the command fails");
    }
}

async fn examine(house: &House, change: &[(&str, &str)]) -> Told {
    let mut command = house.command(&["doctor", "--json"]);
    command.envs(change.iter().copied());
    Told::of(&command.output().await.unwrap())
}

/// Waits until the doctor says this of a check.
async fn comes_to_say(house: &House, check: &str, words: &str) {
    eventually(&format!("{check}: {words}"), async || {
        examine(house, &[]).await.lines[check].1.contains(words)
    })
    .await;
}

#[tokio::test]
async fn what_stage_up_keeps_is_well_in_every_respect_until_somebody_pauses_a_projection() {
    let program = Program::start().await;
    eventually("all is well", async || {
        let told = Told::of(&program.command(&["doctor", "--json"]));
        told.well_checks() == 13 && (told.well || told.disk_is_full())
    })
    .await;
    let text = program.command(&["doctor"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert_eq!(text.lines().count(), 14, "a line each: {text}");

    assert!(program.command(&["projections", "pause", "feed"]).status.success());
    let told = Told::of(&program.command(&["doctor", "--json"]));
    told.expect_wrong("projections", &["feed is paused", "stage projections resume feed"]);
    assert_eq!(told.well_checks(), 12, "{}", told.text);
    let data = program.stop_and_keep().await.0;
    let told = Told::of(&common::program::command(data.path(), &["doctor", "--json"]));
    told.expect_wrong("database", &["start `stage up` there"]);
    told.expect_wrong("broker", &["logs/nats.log", "nothing is lost"]);
    assert!(told.in_state("unknown").contains(&"keys"), "{}", told.text);
}

#[tokio::test]
async fn whatever_is_wrong_with_what_somebody_else_operates_is_named_with_what_to_do() {
    let house = House::serve().await;
    let mut worker = house.work();
    eventually("all is well but what the test's database is set to", async || {
        // Who counts the views is a matter of all tests that share the broker, the disk one of the machine.
        let told = examine(&house, &[]).await;
        told.in_state("wrong").iter().all(|check| ["settings", "counter", "disk"].contains(check))
            && told.in_state("unknown").is_empty()
    })
    .await;
    examine(&house, &[]).await.expect_wrong("settings", &["fsync = off", "reload"]);

    let told = examine(&house, &[("STAGE_NATS_URL", "nats://127.0.0.1:1")]).await;
    told.expect_wrong("broker", &["refused", "STAGE_NATS_URL", "nothing is lost"]);
    assert_eq!(told.in_state("unknown"), ["broker_clock", "counter", "stream"]);

    let told = examine(&house, &[("STAGE_S3_SECRET_KEY", "another-secret")]).await;
    told.expect_wrong("storage", &["SignatureDoesNotMatch", "STAGE_S3_SECRET_KEY"]);
    assert!(!told.text.contains("another-secret"), "{}", told.text);

    let other = "f".repeat(64);
    let told = examine(&house, &[("STAGE_MASTER_KEY", &other)]).await;
    let name: String = sqlx::query_scalar("SELECT master FROM installation_keys LIMIT 1")
        .fetch_one(&house.database.pool)
        .await
        .unwrap();
    told.expect_wrong("keys", &[&format!("{name} is needed"), "--master-key-file"]);
    assert!(!told.text.contains(&other), "{}", told.text);

    let away = "postgres://stage:hunter2@127.0.0.1:1/stage";
    let told = examine(&house, &[("STAGE_DATABASE_URL", away)]).await;
    told.expect_wrong("database", &["refused", "STAGE_DATABASE_URL"]);
    assert!(!told.text.contains("hunter2"), "{}", told.text);
    assert!(told.in_state("unknown").contains(&"projections"));
    assert_eq!(told.lines["storage"].0, "well", "the others are looked at all the same");

    let empty = stage_testkit::empty_database().await;
    let told = examine(&house, &[("STAGE_DATABASE_URL", &empty.url)]).await;
    told.expect_wrong("migrations", &["0001", "stage migrate"]);
    assert_eq!(told.lines["database"].0, "well");
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        .fetch_one(&empty.pool)
        .await
        .unwrap();
    assert_eq!(tables, 0, "nothing was made");

    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('stage', gen_random_uuid()::text, 1, 'StageCreated', '1', '{\"StageCreated\": {}}', '{}')",
    )
    .execute(&house.database.pool)
    .await
    .unwrap();
    comes_to_say(&house, "projections", "cannot apply event").await;
    let told = examine(&house, &[]).await;
    told.expect_wrong("projections", &["StageCreated version 1", "stage projections skip"]);

    worker.kill().await.unwrap();
    sqlx::query("UPDATE projection_checkpoints SET state = 'running', failed_position = NULL, error = NULL")
        .execute(&house.database.pool)
        .await
        .unwrap();
    // Nobody leads any more.
    comes_to_say(&house, "projections", "start a `stage work`").await;
}

#[tokio::test]
async fn what_is_not_given_is_not_called_well() {
    let database = stage_testkit::database().await;
    let objects = stage_testkit::objects().await;
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_stage"))
        .args(["doctor", "--json"])
        .env("STAGE_DATABASE_URL", &database.url)
        .env("STAGE_S3_ENDPOINT", &objects.settings.endpoint)
        .env("STAGE_S3_ACCESS_KEY", objects.settings.secret_key.expose_secret())
        .output()
        .unwrap();
    let told = Told::of(&output);
    assert!(!told.well);
    let unknown = told.in_state("unknown");
    for check in ["broker", "storage"] {
        assert!(unknown.contains(&check), "{}", told.text);
    }
    told.expect_wrong("keys", &["STAGE_MASTER_KEY"]);
}
