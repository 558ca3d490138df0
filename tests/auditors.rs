//! `stage auditor`, beside a running program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{path::Path, process::Output};

use common::program::{Program, command};
use reqwest::StatusCode;
use serde_json::Value;

fn auditor(data: &Path, arguments: &[&str]) -> Output {
    command(data, &[&["auditor"], arguments].concat())
}

fn json(output: &Output) -> Value {
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
    let added = json(&auditor(program.data(), &["add", "Prüfamt", "--scope", "read-personal", "--json"]));
    let (id, token) = (added["id"].as_str().unwrap(), added["token"].as_str().unwrap().to_owned());
    assert_eq!(status(&program.base, &token).await, StatusCode::OK);

    let shown = auditor(program.data(), &["list"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains(id) && shown.contains("read, read-personal") && shown.contains("Prüfamt"),
        "{shown}"
    );
    let listed = json(&auditor(program.data(), &["list", "--json"]));
    assert_eq!(listed["auditors"][0]["scopes"], serde_json::json!(["read", "read-personal"]));

    assert!(auditor(program.data(), &["revoke", id]).status.success());
    assert_eq!(status(&program.base, &token).await, StatusCode::UNAUTHORIZED);
    let again = auditor(program.data(), &["revoke", id]);
    assert!(!again.status.success());
    assert_eq!(String::from_utf8_lossy(&again.stderr), "stage: there is no such auditor\n");
    let listed = json(&auditor(program.data(), &["list", "--json"]));
    assert!(listed["auditors"][0]["revoked_at"].is_string(), "{listed}");

    let (data, said) = program.stop_and_keep().await;
    assert!(!said.contains(&token) && !said.contains("Prüfamt"));
    let gone = auditor(data.path(), &["list"]);
    assert!(!gone.status.success());
    assert!(String::from_utf8_lossy(&gone.stderr).contains("there is no running stage on"));
}
