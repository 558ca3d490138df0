//! What the program tells others: Slack after a kill -9, and the mails of an installation without a mail server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use common::{client::Client, eventually, program::Program};
use reqwest::StatusCode;
use serde_json::{Value, json};
use stage_testkit::FakeSlack;

/// `stage …` on a data directory, and the JSON that it prints.
async fn stage(data: &Path, arguments: &[&str]) -> Value {
    let ran = tokio::process::Command::new(env!("CARGO_BIN_EXE_stage"))
        .args(arguments)
        .arg("--json")
        .arg("--data-dir")
        .arg(data)
        .output()
        .await
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[tokio::test]
async fn killed_while_it_tells_slack_it_tells_everything_in_order_and_with_the_same_keys() {
    let slack = FakeSlack::start().await;
    let mut program = Program::start_with(&["--slack-webhook-url", &slack.url]).await;
    slack.hold(true);
    for name in ["one", "two", "three"] {
        Client::registered(&program.base, &format!("{name}@example.org")).await;
    }
    slack.came(1).await;
    program.kill_everything().await;
    slack.hold(false);
    let program = program.start_again().await;
    let posts = slack.took(4).await;
    assert_eq!(posts[0].key, posts[1].key);
    let told: Vec<_> =
        posts[1..].iter().map(|post| post.text.split('@').next().unwrap().to_owned()).collect();
    assert!(told[0].ends_with("one") && told[1].ends_with("two") && told[2].ends_with("three"), "{told:?}");
    eventually("all is noted", async || {
        let status = stage(program.data(), &["outbox", "status"]).await;
        let known = status["recipients"].as_array().unwrap().clone();
        let slack = known.iter().find(|known| known["recipient"] == "slack").unwrap();
        (&slack["sent"], &slack["waiting"]) == (&json!(3), &json!(0))
    })
    .await;
    program.stop().await;
}

/// The token of the newest mail of this kind.
async fn mailed(program: &Program, kind: &str) -> String {
    let mut token = String::new();
    eventually("the mail is there", async || {
        let list = stage(program.data(), &["mail", "list"]).await;
        let mails = list["mails"].as_array().unwrap().clone();
        let Some(mail) = mails.iter().rev().find(|mail| mail["kind"] == kind) else { return false };
        let mail = stage(program.data(), &["mail", "show", mail["id"].as_str().unwrap()]).await;
        let text = mail["text"].as_str().unwrap();
        token = text.split('#').nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        true
    })
    .await;
    token
}

#[tokio::test]
async fn a_person_verifies_their_address_and_chooses_a_new_password_by_mail() {
    let program = Program::start().await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    let account = ada.get("/api/v1/account").await.expect_success();
    assert_eq!(account.body["email_verified"], false);
    let mut anybody = Client::new(&program.base);
    let token = mailed(&program, "verification").await;
    let verified = anybody.post("/api/v1/verifications", json!({ "token": token })).await.expect_success();
    let path = format!("/api/v1/account?wait_for={}", verified.body["position"]);
    assert_eq!(ada.get(&path).await.expect_success().body["email_verified"], true);

    let reset = json!({"email": "ADA@example.org"});
    anybody.post("/api/v1/password-resets", reset).await.expect(StatusCode::ACCEPTED);
    let token = mailed(&program, "password_reset").await;
    let chosen = json!({"token": token, "password": "another horse battery"});
    let path = "/api/v1/password-resets/completion";
    anybody.post(path, chosen.clone()).await.expect_success();
    ada.get("/api/v1/session").await.expect(StatusCode::UNAUTHORIZED);
    anybody.post(path, chosen).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    let credentials = json!({"email": "ada@example.org", "password": "another horse battery"});
    anybody.post("/api/v1/session", credentials).await.expect_success();
    program.stop().await;
}
