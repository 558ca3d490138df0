//! What people may ask for about their data, on the real program: erasing, taking along, restricting, and the master
//! key behind it all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use common::{
    client::Client,
    eventually,
    feeds::{Feeds, rss},
    program::{Program, command},
    search::{contains, everything, holds_none},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A person's values. Long and odd enough to be found nowhere by chance.
const PERSON: &[&str] = &[
    "Zenobia-Philomena",
    "Quackenbush-Ypsilon",
    "zenobia.quackenbush@example.org",
    "+49 30 6672914855",
    "a password like no other 5512",
    "z.ypsilon.corrected@example.org",
    "portrait-of-zenobia-771",
];
/// One pixel, and a text behind it.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4qportrait-of-zenobia-771";

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn account(data: &Path, arguments: &[&str]) -> Output {
    command(data, &[&["account"], arguments, &["--json"]].concat())
}

/// Registers the person, logs in, and gives her a stage with a picture.
async fn person(program: &Program) -> (Client, String) {
    let mut client = Client::new(&program.base);
    let person = json!({"first_name": PERSON[0], "last_name": PERSON[1], "email": PERSON[2], "phone": PERSON[3],
        "password": PERSON[4], "language": "de"});
    let id = client.post("/api/v1/accounts", person).await.expect(StatusCode::CREATED).id();
    let credentials = json!({"email": PERSON[2], "password": PERSON[4]});
    client.post("/api/v1/session", credentials).await.expect_success();
    let stage = json!({"name": "Rathaus", "handle": "rathaus"});
    let stage = client.post("/api/v1/stages", stage).await.expect_success().id();
    client.upload(&format!("/api/v1/stages/{stage}/media"), "image/png", PNG).await.expect_success();
    (client, id)
}

/// PostgreSQL's own programs, on the database that `stage up` keeps.
struct Postgres {
    bin: PathBuf,
    data: PathBuf,
}

impl Postgres {
    fn of(program: &Program) -> Self {
        let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path());
        let bin = versions.max().unwrap().join("bin");
        Self { bin, data: program.data().to_owned() }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let password = std::fs::read_to_string(self.data.join("secrets/postgres-password")).unwrap();
        let output = Command::new(self.bin.join(program))
            .arg("-h")
            .arg(self.data.join("postgres"))
            .args(["-U", "stage"])
            .args(arguments)
            .env("PGPASSWORD", password.trim())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn ask(&self, database: &str, sql: &str) -> String {
        self.run("psql", &["-d", database, "-Atqc", sql]).trim().to_owned()
    }

    fn url(&self, database: &str) -> String {
        let password = std::fs::read_to_string(self.data.join("secrets/postgres-password")).unwrap();
        let socket = self.data.join("postgres").display().to_string().replace('/', "%2F");
        format!("postgres://stage:{}@{socket}/{database}", password.trim())
    }
}

#[tokio::test]
async fn after_an_erasure_nothing_of_the_person_is_in_any_file_nor_readable_in_a_dump_from_before() {
    let program = Program::start().await;
    let postgres = Postgres::of(&program);
    let (mut ada, id) = person(&program).await;
    ada.patch("/api/v1/account", json!({"email": PERSON[5]})).await.expect_success();
    let me = ada.get("/api/v1/account").await.expect_success();
    assert_eq!(me.body["first_name"], PERSON[0]);
    let dump = program.data().with_extension("dump");
    postgres.run("pg_dump", &["-d", "stage", "-f", dump.to_str().unwrap()]);

    let wrong = json!({"password": "another password 1234"});
    ada.send(Method::DELETE, "/api/v1/account", Some(wrong), &[]).await.expect(StatusCode::UNAUTHORIZED);
    let erased = ada.send(Method::DELETE, "/api/v1/account", Some(json!({"password": PERSON[4]})), &[]).await;
    let erased = erased.expect(StatusCode::OK);
    assert_eq!((&erased.body["stages"], &erased.body["files"]), (&json!(1), &json!(1)));
    let receipt = erased.body["receipt"].as_str().unwrap().to_owned();
    assert!(receipt.starts_with("stage erasure receipt v1\n") && receipt.contains(&id), "{receipt}");
    ada.get("/api/v1/account").await.expect(StatusCode::UNAUTHORIZED);
    for email in [PERSON[2], PERSON[5]] {
        let credentials = json!({"email": email, "password": PERSON[4]});
        ada.post("/api/v1/session", credentials).await.expect(StatusCode::UNAUTHORIZED);
    }
    eventually("nobody reads the stage any more", async || {
        Client::new(&program.base).get("/v1/stages/rathaus").await.status == StatusCode::NOT_FOUND
    })
    .await;
    assert_eq!(json(&account(program.data(), &["receipt", &id]))["receipt"], receipt);

    // The dump opens while the person's key is in it, and does not with the table of keys as it is now.
    postgres.ask("stage", "CREATE DATABASE before");
    postgres.run("psql", &["-d", "before", "-q", "-f", dump.to_str().unwrap()]);
    let before = |program: &Program| {
        let key = program.data().join("secrets/master-key");
        let url = postgres.url("before");
        let source = ["--database-url", url.as_str(), "--master-key-file", key.to_str().unwrap()];
        account(program.data(), &[&["show", id.as_str()], &source[..]].concat())
    };
    assert_eq!(json(&before(&program))["first_name"], PERSON[0], "the test would see her");
    let keys = postgres.run("pg_dump", &["-d", "stage", "--data-only", "--inserts", "-t", "subject_keys"]);
    postgres.ask("before", "DELETE FROM subject_keys");
    postgres
        .ask("before", &keys.lines().filter(|line| line.starts_with("INSERT")).collect::<Vec<_>>().join(";"));
    let shown = json(&before(&program));
    assert!(
        ["first_name", "last_name", "email", "phone"].iter().all(|name| shown[*name].is_null()),
        "{shown}"
    );
    postgres.ask("stage", "DROP DATABASE before");

    let metrics = Client::new(&program.base).get("/metrics").await;
    let (data, output) = program.stop_and_keep().await;
    let mut searched = 0;
    let others = [
        ("what it printed".to_owned(), output.into_bytes()),
        ("its metrics".to_owned(), metrics.body.to_string().into_bytes()),
        ("the dump".to_owned(), std::fs::read(&dump).unwrap()),
        ("the receipt".to_owned(), receipt.into_bytes()),
    ];
    for (place, bytes) in everything(data.path()).chain(others) {
        searched += 1;
        holds_none(&place, &bytes, PERSON);
    }
    assert!(searched > 50, "only {searched} files were searched");
    std::fs::remove_file(dump).unwrap();
}

#[tokio::test]
async fn a_picture_is_found_while_it_is_there() {
    let program = Program::start().await;
    person(&program).await;
    let found = everything(program.data()).any(|(_, bytes)| contains(&bytes, PERSON[6].as_bytes()));
    assert!(found, "so the search of the other test would find it");
    program.stop().await;
}

#[tokio::test]
async fn an_erasure_that_is_killed_half_way_is_finished_by_the_next_start() {
    let mut program = Program::start().await;
    let postgres = Postgres::of(&program);
    let (mut ada, id) = person(&program).await;
    for number in 0..12 {
        let stage = json!({"name": "Rathaus", "handle": format!("rathaus-{number}")});
        let stage = ada.post("/api/v1/stages", stage).await.expect_success().id();
        ada.upload(&format!("/api/v1/stages/{stage}/media"), "image/png", PNG).await.expect_success();
    }
    let erasing = tokio::spawn(async move {
        let _ = tokio::time::timeout(
            Duration::from_secs(60),
            ada.send(Method::DELETE, "/api/v1/account", Some(json!({"password": PERSON[4]})), &[]),
        )
        .await;
    });
    eventually("the erasure has begun", async || {
        postgres.ask("stage", "SELECT count(*) FROM erasures") == "1"
    })
    .await;
    program.kill_everything().await;
    erasing.abort();

    let program = program.start_again().await;
    let mut erasure = Value::Null;
    eventually("the erasure is finished", async || {
        erasure = json(&account(program.data(), &["receipt", &id]));
        erasure["receipt"].is_string()
    })
    .await;
    assert_eq!((&erasure["stages"], &erasure["files"]), (&json!(13), &json!(13)));
    let left =
        everything(&program.data().join("objects")).any(|(_, bytes)| contains(&bytes, PERSON[6].as_bytes()));
    assert!(!left, "a picture is still there");
    program.stop().await;
}

#[tokio::test]
async fn keys_are_rotated_while_people_register_and_also_when_that_is_killed() {
    let mut program = Program::start().await;
    let data = program.data().to_owned();
    let key = data.join("secrets/master-key");
    let old = std::fs::read_to_string(&key).unwrap();
    let (mut ada, _) = person(&program).await;
    let registering = tokio::spawn({
        let base = program.base.clone();
        async move {
            let mut people = Vec::new();
            for number in 0..12 {
                people.push(Client::registered(&base, &format!("person-{number}@example.org")).await);
            }
            people
        }
    });
    // Killed at some moment or other, the next one goes on.
    for wait in [5, 40, 120] {
        let mut rotation = Command::new(env!("CARGO_BIN_EXE_stage"))
            .args(["keys", "rotate", "--data-dir"])
            .arg(&data)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let _ = rotation.kill();
        rotation.wait().unwrap();
    }
    let mut people = registering.await.unwrap();
    json(&command(&data, &["keys", "rotate", "--json"]));
    people.push(Client::registered(&program.base, "late@example.org").await);
    for person in &mut people {
        let me = person.get("/api/v1/account").await.expect(StatusCode::OK);
        assert_eq!(me.body["first_name"], "Ada");
    }
    assert_eq!(ada.get("/api/v1/account").await.body["first_name"], PERSON[0]);
    assert_ne!(std::fs::read_to_string(&key).unwrap(), old);
    assert!(!data.join("secrets/master-key.next").exists());

    // The old key opens nothing any more, and says so.
    let kept = data.join("old-key");
    std::fs::write(&kept, old).unwrap();
    let postgres = Postgres::of(&program);
    let refused = account(
        &data,
        &[
            "show",
            PERSON[2],
            "--database-url",
            &postgres.url("stage"),
            "--master-key-file",
            kept.to_str().unwrap(),
        ],
    );
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(said, "stage: the master key is not the one that this database was set up with\n");

    program.kill_everything().await;
    let program = program.start_again().await;
    let mut again = Client::new(&program.base);
    let credentials = json!({"email": PERSON[2], "password": PERSON[4]});
    again.post("/api/v1/session", credentials).await.expect_success();
    assert_eq!(again.get("/api/v1/account").await.body["last_name"], PERSON[1]);
    program.stop().await;
}

/// The entries of an archive by their names.
fn entries(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let read = |name: String| {
        let mut bytes = Vec::new();
        archive.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

/// Without what an installation decides by itself: positions, when it wrote something down, sessions.
fn comparable(archive: &Path) -> BTreeMap<String, String> {
    let mut comparable = BTreeMap::new();
    for (name, bytes) in entries(archive) {
        let text = match name.as_str() {
            "stage-export.json" | "sessions.json" => continue,
            "events.ndjson" => String::from_utf8(bytes)
                .unwrap()
                .lines()
                .map(|line| {
                    let mut event: Value = serde_json::from_str(line).unwrap();
                    let fields = event.as_object_mut().unwrap();
                    assert!(fields.remove("position").is_some() && fields.remove("recorded_at").is_some());
                    format!("{event}\n")
                })
                .collect(),
            _ => hex::encode(bytes),
        };
        comparable.insert(name, text);
    }
    comparable
}

#[tokio::test]
async fn an_account_is_taken_along_with_everything_into_another_installation() {
    let (here, there) = (Program::start_with(&["--allow-private-addresses"]).await, Program::start().await);
    let feeds = Feeds::serve(Duration::ZERO).await;
    let (mut ada, id) = person(&here).await;
    let mut stages = Value::Null;
    eventually("the stage is listed", async || {
        stages = ada.get("/api/v1/stages").await.body["stages"].clone();
        stages[0]["id"].is_string()
    })
    .await;
    let stage = format!("/api/v1/stages/{}", stages[0]["id"].as_str().unwrap());
    let topic = json!({"name": "Feste", "include": {"terms": ["Fest"], "phrases": [], "hashtags": []},
        "exclude": {"terms": [], "phrases": [], "hashtags": []}});
    ada.post(&format!("{stage}/topics"), topic).await.expect_success();
    let items =
        [("1", "Fest am See"), ("2", "Neuer Radweg")].map(|(id, title)| (id.to_owned(), title.to_owned()));
    let address = feeds.publish("news.xml", rss("News", items));
    ada.post(&format!("{stage}/sources"), json!({"network": "feed", "address": address}))
        .await
        .expect_success();
    let mut posts = Value::Null;
    eventually("the posts are imported", async || {
        posts = ada.get("/v1/stages/rathaus/posts").await.body["posts"].clone();
        posts.as_array().map(Vec::len) == Some(2)
    })
    .await;
    let hidden = posts[1]["id"].as_str().unwrap();
    ada.post(&format!("{stage}/posts/{hidden}/hide"), json!({})).await.expect_success();
    ada.patch("/api/v1/account", json!({"email": PERSON[5]})).await.expect_success();

    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first.zip");
    let archive = ada.get_bytes("/api/v1/account/export").await;
    std::fs::write(&first, archive).unwrap();
    let names: Vec<String> = entries(&first).into_keys().collect();
    for name in
        ["account.json", "purposes.json", "sessions.json", "events.ndjson", "stages/rathaus/sources.opml"]
    {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    let opml = String::from_utf8(entries(&first)["stages/rathaus/sources.opml"].clone()).unwrap();
    assert!(opml.contains(&format!("xmlUrl=\"{address}\"")), "{opml}");
    let held = entries(&first);
    assert!(held.iter().any(|(name, bytes)| name.contains("/media/") && bytes == PNG));
    assert_eq!(held["stages/rathaus/posts.ndjson"].split(|byte| *byte == b'\n').count(), 3);
    assert!(String::from_utf8_lossy(&held["account.json"]).contains(PERSON[5]));
    // The operator's own command makes the same.
    let by_operator = folder.path().join("by-operator.zip");
    json(&account(here.data(), &["export", &id, "--to", by_operator.to_str().unwrap()]));
    assert_eq!(comparable(&by_operator), comparable(&first));

    let password = folder.path().join("password");
    std::fs::write(&password, "the password over there\n").unwrap();
    let import = ["import", first.to_str().unwrap(), "--password-file", password.to_str().unwrap()];
    let imported = json(&account(there.data(), &import));
    assert_eq!((imported["account_id"].as_str(), &imported["files"]), (Some(id.as_str()), &json!(1)));
    let again = account(there.data(), &import);
    assert_eq!(
        String::from_utf8_lossy(&again.stderr),
        "stage: the account of this archive is here already\n"
    );
    let second = folder.path().join("second.zip");
    json(&account(there.data(), &["export", PERSON[5], "--to", second.to_str().unwrap()]));
    assert_eq!(comparable(&second), comparable(&first));

    // And it lives: the person logs in and the stage is shown.
    let mut over_there = Client::new(&there.base);
    let credentials = json!({"email": PERSON[5], "password": "the password over there"});
    over_there.post("/api/v1/session", credentials).await.expect_success();
    eventually("the read models are there", async || {
        over_there.get("/v1/stages/rathaus/posts").await.body["posts"].as_array().map(Vec::len) == Some(1)
    })
    .await;
    let shown = over_there.get("/v1/stages/rathaus/posts").await.body["posts"][0].clone();
    assert_eq!((&shown["id"], &shown["title"]), (&posts[0]["id"], &posts[0]["title"]));
    assert_eq!(shown["topics"][0]["name"], posts[0]["topics"][0]["name"]);
    assert_eq!(over_there.get("/api/v1/account").await.body["first_name"], PERSON[0]);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_restricted_person_is_not_shown_until_the_restriction_is_lifted_again() {
    let program = Program::start().await;
    let (mut ada, id) = person(&program).await;
    let mut reader = Client::new(&program.base);
    let restrict = async |ada: &mut Client, restricted: bool| {
        let done =
            ada.post("/api/v1/account/restriction", json!({"restricted": restricted})).await.expect_success();
        done.body["position"].clone()
    };
    let position = restrict(&mut ada, true).await;
    reader.get(&format!("/v1/stages/rathaus?wait_for={position}")).await.expect(StatusCode::NOT_FOUND);
    assert_eq!(json(&account(program.data(), &["show", &id]))["restricted"], true);
    restrict(&mut ada, false).await;
    eventually("the stage is shown again", async || {
        reader.get("/v1/stages/rathaus").await.status == StatusCode::OK
    })
    .await;
    assert_eq!(json(&account(program.data(), &["show", PERSON[2]]))["restricted"], false);

    let object = json!({"purpose": "recipients", "objects": true});
    ada.post("/api/v1/account/objection", object).await.expect_success();
    assert_eq!(json(&account(program.data(), &["show", &id]))["objections"], json!(["recipients"]));
    json(&account(program.data(), &["object", &id, "recipients", "--withdraw"]));
    assert_eq!(json(&account(program.data(), &["show", &id]))["objections"], json!([]));
    json(&account(program.data(), &["correct", &id, "--last-name", "King"]));
    eventually("the person sees the correction", async || {
        ada.get("/api/v1/account").await.body["last_name"] == "King"
    })
    .await;
    program.stop().await;
}

#[tokio::test]
async fn a_redacted_post_is_gone_from_the_stage_and_the_log_and_no_import_brings_it_back() {
    let program = Program::start_with(&["--allow-private-addresses"]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let (mut ada, _) = person(&program).await;
    let mut stage = String::new();
    eventually("the stage is listed", async || {
        let stages = ada.get("/api/v1/stages").await.body["stages"].clone();
        stage = format!("/api/v1/stages/{}", stages[0]["id"].as_str().unwrap_or_default());
        stages[0]["id"].is_string()
    })
    .await;
    let publish = |titles: &[&str]| {
        let items = titles.iter().enumerate().map(|(id, title)| (id.to_string(), (*title).to_owned()));
        feeds.publish("news.xml", rss("News", items))
    };
    let address = publish(&["Frau Sommerwind zieht um", "Herr Winterkalt auch"]);
    let source = json!({"network": "feed", "address": address});
    let source = ada.post(&format!("{stage}/sources"), source).await.expect_success().id();
    let mut shown = Vec::new();
    eventually("the posts are imported", async || {
        let posts = ada.get("/v1/stages/rathaus/posts").await.body["posts"].clone();
        let posts = posts.as_array().cloned().unwrap_or_default();
        shown = posts.iter().map(|post| post["id"].as_str().unwrap().to_owned()).collect();
        shown.len() == 2
    })
    .await;

    // One by the stage's owner, one by the operator.
    let redact = format!("{stage}/posts/{}/redact", shown[0]);
    let wrong =
        ada.post(&redact, json!({"reason": "she asked"})).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.field(), Some("reason"));
    ada.post(&redact, json!({"reason": "personal_data"})).await.expect(StatusCode::OK);
    let arguments = ["post", "redact", shown[1].as_str(), "--reason", "unlawful", "--json"];
    let position = json(&command(program.data(), &arguments))["position"].clone();
    for post in &shown {
        ada.get(&format!("/v1/posts/{post}?wait_for={position}")).await.expect(StatusCode::NOT_FOUND);
    }
    // The feed brings both again, one of them changed, and a new one.
    publish(&["Frau Sommerwind zieht um", "Herr Winterkalt auch, sagt man", "Neuer Radweg"]);
    ada.post(&format!("{stage}/sources/{source}/poll"), json!({})).await.expect_success();
    eventually("the new post is imported", async || {
        let posts = ada.get("/v1/stages/rathaus/posts").await.body["posts"].clone();
        posts[0]["title"] == "Neuer Radweg" && posts.as_array().map(Vec::len) == Some(1)
    })
    .await;
    let log = command(program.data(), &["log", "export"]);
    assert!(log.status.success(), "{}", String::from_utf8_lossy(&log.stderr));
    let log = String::from_utf8(log.stdout).unwrap();
    assert_eq!(log.matches("\"PostRedacted\":{").count(), 2, "{log}");
    assert!(log.contains("Neuer Radweg") && !log.contains("Sommerwind") && !log.contains("Winterkalt"));
    program.stop().await;
}
