//! The contract holds: schemathesis asks the real program for everything that is in openapi.json, in every form
//! that it allows and in many that it forbids.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use common::{
    client::Client,
    eventually,
    feeds::{Feeds, rss},
    program::Program,
    team,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// One pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

/// What schemathesis.toml asks for, by the names it uses.
type Variables = BTreeMap<&'static str, String>;

/// Creates something and gives its id.
async fn create(client: &mut Client, path: &str, body: Value) -> String {
    client.post(path, body).await.expect(StatusCode::CREATED).id()
}

async fn create_stage(client: &mut Client, handle: &str) -> String {
    create(client, "/api/v1/stages", json!({"name": "Rathaus", "handle": handle})).await
}

async fn define_topic(client: &mut Client, stage: &str, name: &str) -> String {
    create(client, &format!("/api/v1/stages/{stage}/topics"), json!({"name": name})).await
}

async fn link_source(client: &mut Client, stage: &str, address: &str) -> String {
    let source = json!({"network": "feed", "address": address});
    create(client, &format!("/api/v1/stages/{stage}/sources"), source).await
}

/// The token of an auditor who may read everything.
fn auditor(program: &Program) -> String {
    let added = program.command(&["auditor", "add", "Prüfamt", "--scope", "read-personal", "--json"]);
    let added: Value = serde_json::from_slice(&added.stdout).unwrap();
    added["token"].as_str().unwrap().to_owned()
}

/// Somebody else in the team of a stage, through the mail that the folder of the program keeps. Gives their account.
async fn joined(program: &Program, ada: &mut Client, stage: &str, email: &str) -> String {
    let token = team::invited(program, ada, stage, email, "editor").await;
    let mut other = Client::registered(&program.base, email).await;
    team::join(&mut other, &token).await;
    team::account_of(&mut other).await
}

/// A stage with all that there can be, and one of each kind to be ended.
async fn prepare(program: &Program, ada: &mut Client, feeds: &Feeds) -> Variables {
    let stage = create_stage(ada, "rathaus").await;
    let moved = create_stage(ada, "umzug").await;
    let closed = create_stage(ada, "geschlossen").await;
    let topic = define_topic(ada, &stage, "Feste").await;
    let removed_topic = define_topic(ada, &stage, "Sport").await;
    let address =
        feeds.publish("news.xml", rss("News", (0..3).map(|n| (format!("{n}"), format!("Fest {n}")))));
    let source = link_source(ada, &stage, &address).await;
    let unlinked_source = link_source(ada, &moved, &address).await;
    let media = ada.upload(&format!("/api/v1/stages/{stage}/media"), "image/png", PNG).await;

    let member = joined(program, ada, &stage, "grace@example.org").await;
    let removed_member = joined(program, ada, &moved, "edsger@example.org").await;
    let invitations = format!("/api/v1/stages/{moved}/invitations");
    let invitation =
        create(ada, &invitations, json!({"email": "barbara@example.org", "role": "editor"})).await;

    let mut other = Client::new(&program.base);
    other.log_in("ada@example.org").await;
    let sessions = ada.get("/api/v1/sessions").await.expect(StatusCode::OK);
    let sessions = sessions.body["sessions"].as_array().unwrap();
    let ended = sessions.iter().find(|session| session["current"] == false).unwrap();

    let mut posts: Vec<String> = Vec::new();
    eventually("the posts are imported", async || {
        let page = ada.get("/v1/stages/rathaus/posts").await;
        let found = page.body["posts"].as_array().cloned().unwrap_or_default();
        posts = found.iter().map(|post| post["id"].as_str().unwrap().to_owned()).collect();
        posts.len() == 3
    })
    .await;
    BTreeMap::from([
        ("STAGE_BASE", program.base.clone()),
        ("STAGE_FEEDS", address),
        ("STAGE_SESSION", ada.cookie("session")),
        ("STAGE_XSRF", ada.cookie("XSRF-TOKEN")),
        ("STAGE_AUDITOR", auditor(program)),
        ("STAGE_ENDED_SESSION", ended["id"].as_str().unwrap().to_owned()),
        ("STAGE_ID", stage),
        ("STAGE_MOVED", moved),
        ("STAGE_MEMBER", member),
        ("STAGE_REMOVED_MEMBER", removed_member),
        ("STAGE_INVITATION", invitation),
        ("STAGE_CLOSED", closed),
        ("STAGE_TOPIC", topic),
        ("STAGE_REMOVED_TOPIC", removed_topic),
        ("STAGE_SOURCE", source),
        ("STAGE_UNLINKED_SOURCE", unlinked_source),
        ("STAGE_POST", posts[0].clone()),
        ("STAGE_REDACTED_POST", posts[1].clone()),
        ("STAGE_MEDIA", media.expect(StatusCode::CREATED).id()),
    ])
}

/// Runs schemathesis with what tests/schemathesis.toml says, and fails with all that it printed unless it is content.
async fn schemathesis(variables: &Variables, arguments: &[&str]) {
    let tool = Path::new(ROOT).join(".tools/venv/bin/schemathesis");
    assert!(tool.exists(), "schemathesis is missing: run scripts/install test");
    let child = tokio::process::Command::new(tool)
        .current_dir(ROOT)
        .args(["--config-file", "tests/schemathesis.toml", "run"])
        .arg(format!("{}/openapi.json", variables["STAGE_BASE"]))
        .args(arguments)
        .envs(variables)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts schemathesis");
    let ended = tokio::time::timeout(Duration::from_secs(600), child.wait_with_output()).await;
    let output = ended.expect("schemathesis ends in time").expect("reads what it prints");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    println!("{said}");
}

#[tokio::test]
async fn schemathesis_finds_nothing_that_the_contract_does_not_say() {
    let program = Program::start().await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let mut variables = prepare(&program, &mut ada, &feeds).await;

    // A live stream has no end to wait for; http/tests/live.rs reads it.
    let apart = ["log_out", "correct_account", "restrict_account", "erase_account", "follow_stage"];
    let without: Vec<&str> = apart.iter().flat_map(|name| ["--exclude-operation-id", name]).collect();
    schemathesis(&variables, &without).await;
    // Had the session or the stage been lost on the way, most of that would have been 401 or 404.
    ada.get("/api/v1/session").await.expect(StatusCode::OK);
    ada.get("/v1/stages/rathaus").await.expect(StatusCode::OK);
    // The post may have been hidden last.
    let post = &variables["STAGE_POST"];
    let show = format!("/api/v1/stages/{}/posts/{post}/show", variables["STAGE_ID"]);
    let position = ada.post(&show, json!({})).await.expect(StatusCode::OK).body["position"].clone();
    ada.get(&format!("/v1/posts/{post}?wait_for={position}")).await.expect(StatusCode::OK);

    // A person who corrects her address and restricts her data does it where nobody else needs either.
    let hedy = Client::registered(&program.base, "hedy@example.org").await;
    let mut hers = variables.clone();
    hers.insert("STAGE_SESSION", hedy.cookie("session"));
    hers.insert("STAGE_XSRF", hedy.cookie("XSRF-TOKEN"));
    let both = ["--include-operation-id", "correct_account", "--include-operation-id", "restrict_account"];
    schemathesis(&hers, &both).await;
    // The password that the contract shows as an example is hers, so this ends her account.
    schemathesis(&hers, &["--include-operation-id", "erase_account"]).await;

    // Logging out ends the session that asks, so it has a run and a session of its own.
    let mut other = Client::new(&program.base);
    other.log_in("ada@example.org").await;
    variables.insert("STAGE_SESSION", other.cookie("session"));
    variables.insert("STAGE_XSRF", other.cookie("XSRF-TOKEN"));
    schemathesis(&variables, &["--include-operation-id", "log_out"]).await;
    other.get("/api/v1/session").await.expect(StatusCode::UNAUTHORIZED);
    program.stop().await;
}
