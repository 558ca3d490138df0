//! `stage auditor`, beside a running program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{fs, path::Path, process::Output};

use common::{
    client::Client,
    eventually,
    program::{Program, command},
    verifier::verifier,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

fn auditor(data: &Path, arguments: &[&str]) -> Output {
    command(data, &[&["auditor"], arguments].concat())
}

fn told(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn status(base: &str, token: &str) -> StatusCode {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(format!("{base}/v1/audit/auditor")).bearer_auth(token).send().await.unwrap().status()
}

#[tokio::test]
async fn an_operator_gives_a_token_that_is_kept_nowhere_and_takes_it_back() {
    let program = Program::start().await;
    let added = told(&auditor(program.data(), &["add", "Prüfamt", "--scope", "read-personal", "--json"]));
    let (id, token) = (added["id"].as_str().unwrap(), added["token"].as_str().unwrap().to_owned());
    assert_eq!(status(&program.base, &token).await, StatusCode::OK);

    let shown = auditor(program.data(), &["list"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains(id) && shown.contains("read, read-personal") && shown.contains("Prüfamt"),
        "{shown}"
    );
    let listed = told(&auditor(program.data(), &["list", "--json"]));
    assert_eq!(listed["auditors"][0]["scopes"], serde_json::json!(["read", "read-personal"]));

    assert!(auditor(program.data(), &["revoke", id]).status.success());
    assert_eq!(status(&program.base, &token).await, StatusCode::UNAUTHORIZED);
    let again = auditor(program.data(), &["revoke", id]);
    assert!(!again.status.success());
    assert_eq!(String::from_utf8_lossy(&again.stderr), "stage: there is no such auditor\n");
    let listed = told(&auditor(program.data(), &["list", "--json"]));
    assert!(listed["auditors"][0]["revoked_at"].is_string(), "{listed}");

    let (data, said) = program.stop_and_keep().await;
    assert!(!said.contains(&token) && !said.contains("Prüfamt"));
    let gone = auditor(data.path(), &["list"]);
    assert!(!gone.status.success());
    assert!(String::from_utf8_lossy(&gone.stderr).contains("there is no running stage on"));
}

/// An auditor with a token, on the program that answers at `base`.
struct Auditor {
    base: String,
    token: String,
}

impl Auditor {
    async fn text(&self, path: &str) -> String {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = client.get(format!("{}/v1/audit/{path}", self.base)).bearer_auth(&self.token);
        let answer = asked.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }
}

/// What the verifier in another language says to these files.
fn verified(key: &str, arguments: &[&str], folder: &Path) -> String {
    let files: Vec<_> = arguments
        .iter()
        .map(|one| if one.starts_with("--") { one.into() } else { folder.join(one) })
        .collect();
    let said = verifier(key, &files.iter().map(AsRef::as_ref).collect::<Vec<&Path>>());
    String::from_utf8([said.stdout, said.stderr].concat()).unwrap()
}

#[tokio::test]
async fn an_auditor_checks_what_is_fetched_over_http_with_nothing_of_ours() {
    let program = Program::start_with(&["--notary-seconds", "0"]).await;
    let token = told(&auditor(program.data(), &["add", "Prüfamt", "--scope", "read", "--json"]));
    let audit = Auditor { base: program.base.clone(), token: token["token"].as_str().unwrap().to_owned() };
    let folder = tempfile::tempdir().unwrap();
    let keep = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    // The newest checkpoint, once it is about all events, and how many these are.
    let signed = async |name: &str| {
        let events = told(&command(program.data(), &["log", "status", "--json"]))["events"].clone();
        eventually("all is signed", async || audit.json("checkpoint").await["size"] == events).await;
        keep(name, audit.json("checkpoint").await["note"].as_str().unwrap());
        events
    };

    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await.expect_success();
    let early = signed("early").await;
    // The key is the operator's to tell; it is not taken from whom it checks.
    let key = told(&command(program.data(), &["log", "checkpoint", "--json"]))["public_keys"][0].clone();
    let key = key.as_str().unwrap();
    for handle in ["buecherei", "schwimmbad", "theater"] {
        ada.post("/api/v1/stages", json!({"name": handle, "handle": handle})).await.expect_success();
    }
    let late = signed("late").await;

    let log = audit.text("export").await;
    keep("log", &log);
    for (name, events) in [("early", &early), ("late", &late)] {
        let expected = format!("the first {events} events are as they were signed\n");
        assert_eq!(verified(key, &["log", name], folder.path()), expected);
    }

    for line in log.lines().rev().take(3) {
        let at = serde_json::from_str::<Value>(line).unwrap()["position"].clone();
        let proof = audit.json(&format!("proofs/inclusion?position={at}")).await;
        let export = audit.text(&format!("export?from={at}&to={at}")).await;
        let path: Vec<_> =
            proof["path"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap()).collect();
        let (index, note) = (&proof["index"], proof["checkpoint"].as_str().unwrap());
        keep("event", &export);
        keep("proof", &format!("c2sp.org/tlog-proof@v1\nindex {index}\n{}\n\n{note}", path.join("\n")));
        let expected = format!("the event at position {at} is in the log of {late} events\n");
        assert_eq!(verified(key, &["--proof", "proof", "event"], folder.path()), expected);
        keep("event", &export.replace("StageCreated", "StageClosed"));
        let said = verified(key, &["--proof", "proof", "event"], folder.path());
        assert_eq!(said, "the log is not as it was signed\n");
    }

    let proof = audit.text(&format!("proofs/consistency?from={early}")).await;
    keep("consistency", &proof);
    let said = verified(key, &["--consistency", "consistency", "early"], folder.path());
    assert_eq!(said, format!("the log of {early} events is the beginning of that of {late}\n"));
    let said = verified(key, &["--consistency", "consistency", "late"], folder.path());
    assert_eq!(said, format!("the proof is from {early} events, and the checkpoint is of {late}\n"));
    let mut other: Value = serde_json::from_str(&proof).unwrap();
    other["path"][0] = other["to"]["root"].clone();
    keep("consistency", &other.to_string());
    let said = verified(key, &["--consistency", "consistency", "early"], folder.path());
    assert_eq!(said, "the log is not as it was signed\n");
    program.stop().await;
}
