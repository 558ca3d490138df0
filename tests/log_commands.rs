//! `stage log show`, `tail` and `status`, beside a running program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{process::Stdio, time::Duration};

use common::{
    client::Client,
    program::{Program, command},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

const STAGE: &str = env!("CARGO_BIN_EXE_stage");

fn told(program: &Program, arguments: &[&str]) -> Value {
    let output = command(program.data(), &[&["log"], arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(program: &Program, arguments: &[&str]) -> String {
    let output = command(program.data(), &[&["log"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_log_is_shown_as_it_was_and_as_it_grows() {
    let program = Program::start().await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let created = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let created = created.expect(StatusCode::CREATED);
    let stage = created.id();

    let mut tail = tokio::process::Command::new(STAGE)
        .args(["log", "tail", "--after", "0", "--json", "--data-dir"])
        .arg(program.data())
        .env_remove("STAGE_DATABASE_URL")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
        serde_json::from_str::<Value>(&line.expect("comes in time").unwrap().unwrap()).unwrap()
    };
    let mut seen = next().await;
    assert_eq!(seen["type"], "AccountRegistered");
    assert!(!seen.to_string().contains("ada@example.org"), "values stay sealed: {seen}");
    while seen["type"] != "StageCreated" {
        seen = next().await;
    }
    let path = format!("/api/v1/stages/{stage}");
    let renamed = ada.patch(&path, json!({"name": "Bürgerhaus"})).await.expect(StatusCode::OK);
    history(&mut ada, &stage, renamed.body["position"].as_i64().unwrap()).await;
    while seen["type"] != "StageRenamed" {
        seen = next().await;
    }
    assert_eq!(seen["stream_id"], stage);
    tail.kill().await.unwrap();

    let stream = format!("stage/{stage}");
    assert_eq!(told(&program, &["show", &stream])["state"]["name"], "Bürgerhaus");
    let then = created.body["position"].to_string();
    let then = told(&program, &["show", &stream, "--at", &then]);
    assert_eq!((&then["version"], &then["state"]["name"]), (&json!(1), &json!("Rathaus")));
    let shown = said(&program, &["show", &stream]);
    assert!(shown.contains("StageRenamed") && shown.contains("\"name\": \"Bürgerhaus\""), "{shown}");
    let before = command(program.data(), &["log", "show", &stream, "--at", "1970-01-01T00:00:00Z"]);
    assert_eq!(String::from_utf8_lossy(&before.stderr), "stage: there is no such stream at that moment\n");

    let status = told(&program, &["status"]);
    assert_eq!(status["high_water_mark"], status["last_position"]);
    assert!(status["events"].as_u64() >= Some(4) && status["open_appends"] == json!([]), "{status}");
    assert!(said(&program, &["status"]).contains("open appends      none"));
    program.stop().await;
}

/// Who did what to the stage, as its owner reads it.
async fn history(ada: &mut Client, stage: &str, position: i64) {
    let path = format!("/api/v1/stages/{stage}/history?limit=1&wait_for={position}");
    let page = ada
        .send(reqwest::Method::GET, &path, None, &[("accept-language", "de")])
        .await
        .expect(StatusCode::OK);
    let entry = &page.body["entries"][0];
    assert_eq!((&entry["kind"], &entry["text"]), (&json!("stage_renamed"), &json!("Stage renamed")));
    assert_eq!(
        (&entry["by"]["name"], &entry["detail"]["name"]),
        (&json!("Ada Lovelace"), &json!("Bürgerhaus"))
    );
    let next = page.body["next"].as_str().unwrap().strip_prefix(&ada.base).unwrap().to_owned();
    let rest = ada.get(&next).await.expect(StatusCode::OK);
    assert_eq!(rest.body["entries"][0]["kind"], "stage_created");
    assert_eq!(rest.body["next"], Value::Null);
    let mut bob = Client::registered(&ada.base, "bob@example.org").await;
    bob.get(&path).await.expect(StatusCode::NOT_FOUND);
}

/// The texts of a stage's history, the oldest first, asked for with these headers.
async fn texts(client: &mut Client, stage: &str, position: i64, headers: &[(&str, &str)]) -> Vec<String> {
    let path = format!("/api/v1/stages/{stage}/history?wait_for={position}");
    let page = client.send(reqwest::Method::GET, &path, None, headers).await.expect(StatusCode::OK);
    let entries = page.body["entries"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["by"]["name"] == "Ada Lovelace" && entry["at"].is_string()));
    entries.iter().rev().map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_history_of_a_stage_is_told_in_german_to_whoever_reads_german() {
    let program = Program::start().await;
    let mut ada = Client::new(&program.base);
    let person = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org",
        "password": "correct horse battery", "language": "de"});
    ada.post("/api/v1/accounts", person).await.expect(StatusCode::CREATED);
    ada.log_in("ada@example.org").await;
    let created = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let stage = created.expect(StatusCode::CREATED).id();
    let path = format!("/api/v1/stages/{stage}");
    ada.patch(&path, json!({"name": "Bürgerhaus"})).await.expect_success();
    ada.patch(&path, json!({"handle": "buergerhaus"})).await.expect_success();
    let rules = json!({"terms": ["Fest"], "phrases": [], "hashtags": []});
    let none = json!({"terms": [], "phrases": [], "hashtags": []});
    let topic = json!({"name": "Feste", "include": rules, "exclude": none});
    let topic = ada.post(&format!("{path}/topics"), topic).await.expect(StatusCode::CREATED).id();
    let removed = ada.delete(&format!("{path}/topics/{topic}")).await.expect_success();
    let position = removed.body["position"].as_i64().unwrap();

    let german = [
        "Stage angelegt",
        "Stage umbenannt",
        "Adresse der Stage geändert",
        "Thema angelegt",
        "Thema entfernt",
    ];
    let english =
        ["Stage created", "Stage renamed", "Address of the stage changed", "Topic defined", "Topic removed"];
    // What the person chose counts, whatever the browser prefers.
    assert_eq!(ada.cookie("language"), "de");
    assert_eq!(texts(&mut ada, &stage, position, &[]).await, german);
    assert_eq!(texts(&mut ada, &stage, position, &[("accept-language", "en")]).await, german);
    ada.patch("/api/v1/account", json!({"language": "en"})).await.expect_success();
    assert_eq!(texts(&mut ada, &stage, position, &[("accept-language", "de")]).await, english);
    // Where nothing is chosen, the browser's counts.
    ada.forget_cookie("language");
    assert_eq!(texts(&mut ada, &stage, position, &[("accept-language", "de-AT, en;q=0.5")]).await, german);
    assert_eq!(texts(&mut ada, &stage, position, &[("accept-language", "fr, en;q=0.5")]).await, english);
    program.stop().await;
}
