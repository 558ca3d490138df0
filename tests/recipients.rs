//! What the program tells others: Slack after a kill -9, and the mails of an installation without a mail server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use common::{client::Client, eventually, program::Program};
use reqwest::StatusCode;
use serde_json::{Value, json};
use stage_testkit::{FakeHub, FakeSlack};

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

/// What a message to the hub says of one stage.
fn names(feeds: &[String], handle: &str) -> bool {
    feeds.iter().filter(|feed| feed.contains(&format!("/v1/stages/{handle}/feed."))).count() == 3
}

#[tokio::test]
async fn a_hub_is_told_of_changed_feeds_by_their_own_names_until_it_takes_it_even_after_a_kill() {
    let hub = FakeHub::start().await;
    let mut program = Program::start_with(&["--websub-hub", &hub.url]).await;
    let mut ada = Client::registered(&program.base, "ada@example.org").await;
    hub.will_answer([(429, Some(2)), (503, None)]);
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    stage.expect(StatusCode::CREATED);
    let told = hub.came(3).await;
    assert_eq!([told[0].status, told[1].status, told[2].status], [429, 503, 204]);
    assert!(told[1].at - told[0].at >= std::time::Duration::from_secs(2), "it is left alone for so long");
    assert!(told[..3].iter().all(|told| names(&told.feeds, "rathaus")), "{told:?}");
    for feed in &told[2].feeds {
        let answer = reqwest::get(feed).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{feed}");
        let link = answer.headers()["link"].to_str().unwrap();
        assert!(link.contains(&format!("<{feed}>; rel=\"self\"")), "{feed}: {link}");
        assert!(link.contains(&format!("<{}>; rel=\"hub\"", hub.url)), "{link}");
    }

    hub.hold(true);
    let before = hub.told().len();
    let stage = ada.post("/api/v1/stages", json!({"name": "Bücherei", "handle": "buecherei"})).await;
    stage.expect(StatusCode::CREATED);
    hub.came(before + 1).await;
    program.kill_everything().await;
    hub.hold(false);
    let program = program.start_again().await;
    let told = hub.came(before + 2).await;
    let again = told.last().unwrap();
    assert!(names(&again.feeds, "buecherei") && !names(&again.feeds, "rathaus"), "{again:?}");
    // What it took it is not told again.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(hub.told().len(), before + 2);
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
    eventually("the account can be read, and nobody verified its address", async || {
        ada.get("/api/v1/account").await.body["email_verified"] == false
    })
    .await;
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

/// `stage …` on a data directory, as a person reads it; or what it refuses with.
fn said(program: &Program, arguments: &[&str]) -> String {
    let output = program.command(arguments);
    String::from_utf8(if output.status.success() { output.stdout } else { output.stderr }).unwrap()
}

/// The words of the command that follows `stage ` in this text, up to a mark or the end of the line.
fn command_in<'a>(text: &'a str, begins: &str) -> Vec<&'a str> {
    let from = text.find(&format!("stage {begins}")).unwrap_or_else(|| panic!("{begins}: {text}"));
    let line = text[from + "stage ".len()..].split(['`', ',', '\n']).next().unwrap();
    line.split(' ').filter(|word| *word != "…").collect()
}

async fn register(program: &Program, name: &str) {
    let person = json!({"first_name": "Ada", "last_name": "Lovelace", "email": format!("{name}@example.org"),
        "password": "correct horse battery", "language": "en"});
    Client::new(&program.base).post("/api/v1/accounts", person).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn what_the_outbox_says_is_to_be_done_about_a_letter_that_did_not_arrive_is_what_helps() {
    let slack = FakeSlack::start().await;
    let program = Program::start_with(&["--slack-webhook-url", &slack.url]).await;
    slack.will_answer([(400, "no_text", None), (400, "invalid_payload", None)]);
    for name in ["one", "two", "three"] {
        register(&program, name).await;
    }
    // What waits behind a dead letter goes on.
    assert!(slack.took(1).await[0].text.contains("three@example.org"));
    let mut status = String::new();
    eventually("both are dead", async || {
        status = said(&program, &["outbox", "status"]);
        status.contains("0 waiting, 1 sent, 0 withheld, 2 dead")
    })
    .await;
    assert!(!status.contains("@example.org"), "it names nobody: {status}");
    let part = |code: &str| status.split("\n\n").find(|part| part.contains(code)).unwrap();

    let retry = command_in(part("registration: dead after 1 tries, no_text"), "outbox retry");
    assert_eq!(said(&program, &retry), format!("Delivery {} is tried again.\n", retry[2]));
    let told = slack.took(2).await;
    assert!(told[1].text.contains("one@example.org") && told[1].key == retry[2], "{told:?}");
    assert_eq!(slack.posts()[0].key, retry[2], "with the key of the first try");

    let drop = command_in(part("invalid_payload"), "outbox drop");
    let drop = [&drop[..], &["Slack does not take it"]].concat();
    assert_eq!(said(&program, &drop), format!("Delivery {} is given up.\n", drop[2]));
    eventually("nothing is left to do", async || {
        said(&program, &["outbox", "status"]).contains("0 waiting, 2 sent, 0 withheld, 0 dead")
    })
    .await;
    assert!(!said(&program, &["outbox", "status"]).contains("what to do"));
    let again = said(&program, &["outbox", "retry", drop[2]]);
    let expected =
        format!("stage: there is no delivery {} that is dead or waits; see `stage outbox status`\n", drop[2]);
    assert_eq!(again, expected);
    assert_eq!(slack.took(2).await.len(), 2);

    // A webhook that is gone does not come back by waiting.
    slack.will_answer([(404, "no_service", None); 16]);
    register(&program, "four").await;
    eventually("it waits in vain, and is said to", async || {
        status = said(&program, &["outbox", "status"]);
        status.contains("registration: waiting after")
    })
    .await;
    assert!(status.contains("what it means: the webhook is gone or may not post"), "{status}");
    assert!(
        status.contains(
            "what to do: waiting does not help: make a new one, set STAGE_SLACK_WEBHOOK_URL, restart, then "
        ),
        "{status}"
    );
    let trouble = stage(program.data(), &["outbox", "status"]).await["troubles"][0].clone();
    assert!(trouble["remedy"].as_str().unwrap().starts_with("waiting does not help: "), "{trouble}");
    program.stop().await;
}

/// The line of a projection or consumer in `stage projections status`.
fn line_of(program: &Program, name: &str) -> Value {
    let text = said(program, &["projections", "status", "--json"]);
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["name"] == name).unwrap_or_else(|| panic!("{text}"))
}

#[tokio::test]
async fn a_recipients_consumer_is_seen_paused_resumed_and_led_past_an_event_like_a_projection() {
    let slack = FakeSlack::start().await;
    let program = Program::start_with(&["--slack-webhook-url", &slack.url]).await;
    eventually("the consumer is there", async || {
        said(&program, &["projections", "status"]).contains("outbox_slack running")
    })
    .await;
    let paused = said(&program, &["projections", "pause", "outbox_slack"]);
    assert_eq!(paused, "outbox_slack stands still until `stage projections resume outbox_slack`.\n");
    register(&program, "one").await;
    eventually("the metrics tell", async || {
        let metrics = Client::new(&program.base).get("/metrics").await.body;
        let text = metrics.as_str().unwrap().to_owned();
        let has = |line: &str| text.lines().any(|one| one == line);
        has("stage_projection_state{projection=\"outbox_slack\",state=\"paused\"} 1")
            && has("stage_projection_lag_events{projection=\"outbox_slack\"} 1")
    })
    .await;
    let line = line_of(&program, "outbox_slack");
    assert_eq!((&line["state"], &line["rebuildable"]), (&json!("paused"), &json!(false)), "{line}");
    let status = said(&program, &["outbox", "status"]);
    let resume = command_in(&status, "projections resume");
    assert_eq!(command_in(line["remedy"].as_str().unwrap(), "projections resume"), resume);
    assert_eq!(said(&program, &resume), "outbox_slack goes on within a second.\n");
    assert!(slack.took(1).await[0].text.contains("one@example.org"));

    for refused in ["rebuild", "compare"] {
        let told = said(&program, &["projections", refused, "outbox_slack"]);
        assert!(
            told.starts_with("stage: outbox_slack enqueues what a recipient is told and is never rebuilt"),
            "{told}"
        );
    }
    let told = said(&program, &["projections", "pause", "outbox_fax"]);
    assert!(told.starts_with("stage: there is no projection outbox_fax; there are accounts, "), "{told}");
    assert!(told.contains("outbox_slack"), "{told}");

    // An event that nothing can read.
    let position = program.append("account", "AccountRegistered", &json!({"AccountRegistered": {}})).await;
    eventually("it stands in front of the event", async || {
        line_of(&program, "outbox_slack")["failing"]["position"] == json!(position)
    })
    .await;
    let remedy = line_of(&program, "outbox_slack")["remedy"].clone();
    let skip = command_in(remedy.as_str().unwrap(), "projections skip");
    assert_eq!(command_in(&said(&program, &["outbox", "status"]), "projections skip outbox_slack"), skip);
    let skip = [&skip[..], &["nobody can read it"]].concat();
    let told = said(&program, &skip);
    assert_eq!(told, format!("outbox_slack goes on behind event {position}, without it.\n"));
    register(&program, "two").await;
    eventually("Slack is told of what comes behind it", async || {
        slack.posts().iter().any(|post| post.text.contains("two@example.org"))
    })
    .await;
    program.stop().await;
}
