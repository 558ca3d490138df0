//! `stage log verify` of a log that things happen to: redactions and erasures, interruptions, a change of who signs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod common;

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use common::{
    client::Client,
    eventually,
    feeds::{Feeds, rss},
    house::House,
    program::Program,
    verifier::verifier,
};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{Acquire as _, PgConnection, PgPool};
use stage_store::proof::{Notary, NotaryKey};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

#[tokio::test]
async fn a_log_verifies_after_a_post_was_redacted_and_a_person_erased() {
    let program = Program::start_with(&["--notary-seconds", "0"]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let told = |arguments: &[&str]| {
        let output = program.command(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let all_signed = async || {
        eventually("all is signed", async || {
            let events = told(&["log", "status"])["events"].clone();
            let checkpoint = program.command(&["log", "checkpoint", "--json"]);
            serde_json::from_slice::<Value>(&checkpoint.stdout).is_ok_and(|signed| signed["size"] == events)
        })
        .await;
    };
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let mut bob = Client::registered(&program.base, "bob@example.org").await;
    bob.post("/api/v1/stages", json!({"name": "Kino", "handle": "kino"})).await.expect_success();
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await.id();
    let address =
        feeds.publish("news.xml", rss("News", [("1".to_owned(), "Frau Sommerwind zieht um".to_owned())]));
    let source = json!({"network": "feed", "address": address});
    ada.post(&format!("/api/v1/stages/{stage}/sources"), source).await.expect_success();
    let mut post = String::new();
    eventually("the post is imported", async || {
        let posts = ada.get("/v1/stages/rathaus/posts").await.body["posts"].clone();
        post = posts[0]["id"].as_str().unwrap_or_default().to_owned();
        !post.is_empty()
    })
    .await;
    // A checkpoint from before, as an auditor keeps one.
    all_signed().await;
    let folder = tempfile::tempdir().unwrap();
    let (kept, export) = (folder.path().join("kept"), folder.path().join("log.ndjson"));
    let checkpoint = told(&["log", "checkpoint"]);
    std::fs::write(&kept, checkpoint["note"].as_str().unwrap()).unwrap();
    let key = checkpoint["public_keys"][0].as_str().unwrap().to_owned();

    told(&["post", "redact", &post, "--reason", "unlawful"]);
    let password = json!({"password": "correct horse battery"});
    bob.send(Method::DELETE, "/api/v1/account", Some(password), &[]).await.expect(StatusCode::OK);
    all_signed().await;

    let report = told(&["log", "verify", "--checkpoint", kept.to_str().unwrap()]);
    let events = &told(&["log", "status"])["events"];
    assert_eq!(
        (&report["verified"], &report["events"], &report["redacted"], &report["unsigned"]),
        (&json!(true), events, &json!(1), &json!(0)),
        "{report}"
    );
    let said = program.command(&["log", "verify"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.starts_with(&format!("{events} events up to position ")), "{said}");
    assert!(said.contains(" as they were signed, ") && said.contains(", 1 events redacted, "), "{said}");
    let lines = program.command(&["log", "export"]).stdout;
    let text = String::from_utf8_lossy(&lines).into_owned();
    assert!(
        text.contains("\"redacted\":\"") && text.contains("AccountErased") && !text.contains("Sommerwind")
    );
    std::fs::write(&export, lines).unwrap();
    let said = verifier(&key, &[&export, &kept]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    program.stop().await;
}

/// Enough for three steps of a verification.
const EVENTS: u32 = 20_000;
/// The first step; a verification stands after it where the test lets it.
const STEP: u64 = 8_192;

/// A signed log, and where verifications keep how far they are.
struct Long {
    house: House,
    key: String,
    state: tempfile::TempDir,
}

impl Long {
    async fn begin() -> Self {
        let house = House::serve().await;
        house.import(1, 0, EVENTS).await;
        let key = NotaryKey::new("example.org/log", &[1; 32]).unwrap();
        let mut connection = house.database.pool.acquire().await.unwrap();
        let mut notary = Notary::take_up(&mut connection, key.clone(), &[]).await.unwrap();
        while notary.extend(&mut connection, i64::MAX, 5_000, chrono::Utc::now()).await.unwrap().is_some() {}
        drop(connection);
        Self { house, key: key.public().as_str().to_owned(), state: tempfile::tempdir().unwrap() }
    }

    fn arguments(&self) -> [&str; 6] {
        ["log", "verify", "--public-key", &self.key, "--state-dir", self.state.path().to_str().unwrap()]
    }

    async fn verify(&self) -> Value {
        let output = self.house.run(&[&self.arguments()[..], &["--json"]].concat()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Starts a verification and holds it after it has noted its first step, for as long as what is answered lives.
    async fn held(&self, mut command: Command) -> (Child, sqlx::Transaction<'static, sqlx::Postgres>) {
        let pool = &self.house.database.pool;
        let mut held = lock(pool).await;
        let child = command.spawn().unwrap();
        eventually("it waits for the leaves", async || waiting(&mut held).await == 1).await;
        // Longer than it lets pass between two notes of where it stands.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        while self.noted().is_none() {
            // The next lock stands in line behind the statement that waits and before all that come then.
            let next = tokio::spawn({
                let pool = pool.clone();
                async move { lock(&pool).await }
            });
            eventually("the next stands in line", async || locking(&mut held).await == 1).await;
            held.rollback().await.unwrap();
            held = next.await.unwrap();
            eventually("it waits for the leaves again", async || waiting(&mut held).await == 1).await;
        }
        (child, held)
    }

    /// A verification on a terminal of its own.
    fn on_terminal(&self) -> Command {
        let line = [&[env!("CARGO_BIN_EXE_stage")], &self.arguments()[..]].concat().join(" ");
        let mut command = Command::new("script");
        command
            .args(["-qefc", &format!("stty cols 120 rows 40; exec {line}"), "/dev/null"])
            .env("STAGE_DATABASE_URL", &self.house.database.url)
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Where it stands, as it has noted.
    fn noted(&self) -> Option<u64> {
        let mut files = std::fs::read_dir(self.state.path()).unwrap();
        let noted = std::fs::read(files.next()?.unwrap().path()).unwrap();
        serde_json::from_slice::<Value>(&noted).unwrap()["size"].as_u64()
    }
}

async fn lock(pool: &PgPool) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE tree_leaves IN ACCESS EXCLUSIVE MODE").execute(&mut *tx).await.unwrap();
    tx
}

/// How many wait to read the leaves.
async fn waiting(tx: &mut PgConnection) -> i64 {
    in_line(tx, "AccessShareLock").await
}

/// How many wait to lock them.
async fn locking(tx: &mut PgConnection) -> i64 {
    in_line(tx, "AccessExclusiveLock").await
}

async fn in_line(tx: &mut PgConnection, mode: &str) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_locks WHERE relation = 'tree_leaves'::regclass AND mode = $1 AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .bind(mode)
    .fetch_one(tx.acquire().await.unwrap())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_verification_that_is_killed_or_stopped_goes_on_where_it_was() {
    let long = Long::begin().await;
    // kill -9
    let (mut child, held) = long.held(long.house.command(&long.arguments())).await;
    assert_eq!(long.noted(), Some(STEP));
    child.kill().await.unwrap();
    held.rollback().await.unwrap();
    let report = long.verify().await;
    assert_eq!((&report["verified"], &report["events"]), (&json!(true), &json!(EVENTS)), "{report}");
    assert_eq!(report["resumed"], json!(STEP), "{report}");
    assert_eq!(long.noted(), None, "the next one begins anew");
    assert_eq!(long.verify().await["resumed"], json!(0));

    // Ctrl-C on a terminal, where it shows how far it is.
    let (mut terminal, held) = long.held(long.on_terminal()).await;
    terminal.stdin.as_mut().unwrap().write_all(b"\x03").await.unwrap();
    let said = terminal.wait_with_output().await.unwrap();
    held.rollback().await.unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    let bar = text.split(['\r', '\n']).find(|line| line.contains("8,192/20,000 events, "));
    let bar = bar.unwrap_or_else(|| panic!("{text}"));
    assert!(bar.contains("/s, ") && bar.contains(" left"), "{bar}");
    assert!(text.contains("stage: stopped before the end; the same command goes on where it was"), "{text}");
    assert!(!said.status.success());
    assert_eq!(long.verify().await["resumed"], json!(STEP));
}

/// Starts a worker that signs the log. Killed when it is dropped.
fn notary(house: &House, key: &NotaryKey) -> Child {
    let mut command = house.command(&["work", "--notary-seconds", "0"]);
    command.env("STAGE_NOTARY_KEY", key.to_text().expose_secret());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn when_the_leading_notary_is_killed_another_signs_on_and_the_log_has_one_history() {
    let house = Arc::new(House::serve().await);
    let key = NotaryKey::new("example.org/log", &[1; 32]).unwrap();
    let signed = async || {
        let last = "SELECT coalesce(max(position), 0) FROM checkpoints";
        sqlx::query_scalar::<_, i64>(last).fetch_one(&house.database.pool).await.unwrap()
    };
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (house, stop) = (Arc::clone(&house), Arc::clone(&stop));
        tokio::spawn(async move {
            for from in (0..).step_by(5) {
                let position = house.import(1, from, from + 5).await;
                if stop.load(Ordering::Relaxed) {
                    return position;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            unreachable!("there is always more to write")
        })
    };
    // The first leads, because there is no other.
    let mut leader = notary(&house, &key);
    eventually("the first signs", async || signed().await > 50).await;
    for _ in 0..3 {
        let next = notary(&house, &key);
        let before = signed().await;
        eventually("it signs on", async || signed().await > before).await;
        leader.kill().await.unwrap();
        let then = signed().await;
        eventually("the other takes over", async || signed().await > then + 50).await;
        leader = next;
    }
    stop.store(true, Ordering::Relaxed);
    let last = writer.await.unwrap();
    eventually("all is signed", async || signed().await == last).await;
    leader.kill().await.unwrap();

    let state = tempfile::tempdir().unwrap();
    let state = ["--state-dir", state.path().to_str().unwrap()];
    let verify = ["log", "verify", "--json", "--public-key", key.public().as_str()];
    let output = house.run(&[&verify[..], &state].concat()).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (events, checkpoints): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM checkpoints)")
            .fetch_one(&house.database.pool)
            .await
            .unwrap();
    // Each checkpoint is the root of the same events, so none of them tells another history.
    assert_eq!(
        (&report["verified"], &report["events"], &report["checkpoints"]),
        (&json!(true), &json!(events), &json!(checkpoints)),
        "{report}"
    );
    assert!(checkpoints > 5, "several were signed by each");
}

/// What docs/audit.md says that an auditor's role needs.
fn documented_grants() -> String {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit.md")).unwrap();
    page.split_once("```sql\n").unwrap().1.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn an_auditor_with_a_role_that_may_only_read_needs_no_data_directory() {
    let house = House::serve().await;
    let key = NotaryKey::new("example.org/log", &[1; 32]).unwrap();
    // Two events: she registers and logs in.
    Client::registered(&house.server.address, "ada@example.org").await;
    house.create(1, "rathaus").await;
    let last = house.import(1, 0, 10).await.to_string();
    let mut worker = notary(&house, &key);
    eventually("all is signed", async || {
        let signed = house.run(&["log", "checkpoint", "--json"]).await;
        serde_json::from_slice::<Value>(&signed.stdout).is_ok_and(|signed| signed["size"] == 13)
    })
    .await;
    worker.kill().await.unwrap();
    let role = stage_testkit::unique("auditor");
    sqlx::raw_sql(&documented_grants().replace("auditor", &role))
        .execute(&house.database.pool)
        .await
        .unwrap();
    let mut url: url::Url = house.database.url.parse().unwrap();
    url.set_username(&role).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stage"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STAGE_")) {
            command.env_remove(name);
        }
        command.args(arguments).args(["--database-url", url.as_str()]).current_dir(&folder);
        command.env("XDG_STATE_HOME", folder.path());
        command
    };
    let ask = async |arguments: &[&str]| {
        let output = command(arguments).output().await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let public = key.public().as_str();
    let verified = ask(&["log", "verify", "--public-key", public]).await;
    assert!(verified.starts_with("13 events up to position "), "{verified}");
    assert!(ask(&["log", "checkpoint"]).await.starts_with("example.org/log\n13\n"));
    assert!(ask(&["log", "prove", &last, "--public-key", public]).await.contains("tlog-proof"));
    assert!(ask(&["log", "prove", "--from", "3"]).await.contains("13"));
    let export = ask(&["log", "export"]).await;
    assert_eq!(export.lines().count(), 13);
    let stage = "stage/00000001-0000-7000-8000-000000000001";
    assert!(ask(&["log", "show", stage]).await.contains("StageCreated"));
    let registered: Value = serde_json::from_str(export.lines().next().unwrap()).unwrap();
    let person = format!("account/{}", registered["stream_id"].as_str().unwrap());
    let shown: Value = serde_json::from_str(&ask(&["log", "show", &person, "--json"]).await).unwrap();
    assert_eq!(shown["events"][0]["personal"][0]["state"], "sealed", "{shown}");
    let mut tail =
        command(&["log", "tail", "--after", "0"]).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await.expect("comes in time");
    assert!(line.unwrap().unwrap().contains("AccountRegistered"));
    tail.kill().await.unwrap();
    assert!(ask(&["log", "status"]).await.contains("open appends      none"));
    let mut open = house.database.pool.begin().await.unwrap();
    sqlx::query("SELECT next_position()").execute(&mut *open).await.unwrap();
    let status = ask(&["log", "status"]).await;
    assert!(status.contains("idle in transaction, since ") && status.contains(" s)"), "{status}");
    open.rollback().await.unwrap();
    let refused = house.command(&["log", "verify"]).current_dir(&folder).output().await.unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.starts_with("stage: the log's public key is needed: "), "{told}");
    let nothing = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(nothing.collect::<Vec<_>>(), ["stage"], "only where verifications stand");
    sqlx::raw_sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .execute(&house.database.pool)
        .await
        .unwrap();
}
