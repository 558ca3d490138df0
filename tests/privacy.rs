//! Everything that the program writes is searched for what it must not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use base64::{Engine, prelude::BASE64_STANDARD};
use common::{
    client::Client,
    eventually,
    program::Program,
    search::{contains, everything, forms, holds_none},
};
use reqwest::Method;
use serde_json::json;

/// A person's values, and a reader's. Long and odd enough to be found nowhere by chance.
const SECRETS: &[&str] = &[
    "Xaveria-Quintilla",
    "Yorick-Zwonimir",
    "xaveria.zwonimir@example.org",
    "+49 30 5559183746",
    "a password nobody else has 9183",
    "PeculiarReaderAgent/7.31",
    "203.0.113.217",
    "OutlandishCrawler/9.47",
];

#[tokio::test]
async fn no_file_holds_a_persons_values_or_anything_about_a_reader() {
    let slack = stage_testkit::FakeSlack::start().await;
    let program =
        Program::start_with(&["--trusted-proxy", "127.0.0.1", "--slack-webhook-url", &slack.url]).await;
    let mut ada = Client::new(&program.base);
    let reader: &[(&str, &str)] = &[("user-agent", SECRETS[5]), ("x-forwarded-for", SECRETS[6])];
    let person = json!({"first_name": SECRETS[0], "last_name": SECRETS[1], "email": SECRETS[2],
        "phone": SECRETS[3], "password": SECRETS[4], "language": "de"});
    let post = Method::POST;
    ada.send(post.clone(), "/api/v1/accounts", Some(person.clone()), reader).await.expect_success();
    // Refusals and faults are written down more readily than what goes well.
    ada.send(post.clone(), "/api/v1/accounts", Some(person), reader).await;
    ada.send(post.clone(), "/api/v1/accounts", Some(json!({"email": SECRETS[2], "password": 7})), reader)
        .await;
    let wrong = json!({"email": SECRETS[2], "password": "wrong password 1234"});
    ada.send(post.clone(), "/api/v1/session", Some(wrong), reader).await;
    let right = json!({"email": SECRETS[2], "password": SECRETS[4]});
    ada.send(post.clone(), "/api/v1/session", Some(right), reader).await.expect_success();
    let stage = json!({"name": "Rathaus", "handle": "rathaus"});
    let stage = ada.send(post, "/api/v1/stages", Some(stage), reader).await.expect_success();
    let me = ada.get("/api/v1/account").await.expect_success();
    assert_eq!(me.body["first_name"], SECRETS[0], "the person herself must see her name");
    let mut anybody = Client::new(&program.base);
    let position = &stage.body["position"];
    anybody
        .send(Method::GET, &format!("/v1/stages/rathaus?wait_for={position}"), None, reader)
        .await
        .expect_success();
    for path in ["/v1/stages/rathaus", "/v1/stages/rathaus/posts", "/v1/nothing", "/v1/posts/rubbish"] {
        anybody.send(Method::GET, path, None, reader).await;
    }
    let bot: &[(&str, &str)] = &[("user-agent", SECRETS[7]), ("x-forwarded-for", SECRETS[6])];
    anybody.send(Method::GET, "/v1/stages/rathaus", None, bot).await.expect_success();
    let report = json!({"stages": ["rathaus"]});
    anybody.send(Method::POST, "/v1/views", Some(report), bot).await.expect_success();
    eventually("views are counted, those of the bot apart", async || {
        let counted = ada.get("/api/v1/stages").await;
        let counted = &counted.body["stages"][0];
        counted["views"].as_u64() >= Some(1) && counted["bot_views"].as_u64() == Some(2)
    })
    .await;
    // What leaves has all of it; what stays behind must not.
    let told = slack.came(1).await;
    assert!(SECRETS[..4].iter().all(|secret| told[0].text.contains(secret)), "{told:?}");
    eventually("her mail is kept", async || {
        std::fs::read_dir(program.data().join("mail")).unwrap().count() >= 1
    })
    .await;
    let metrics = anybody.get("/metrics").await;
    let (data, output) = program.stop_and_keep().await;

    let address = slack.url.rsplit_once("/services/").unwrap().1.as_bytes().to_vec();
    let mut searched = 0;
    for (place, bytes) in everything(data.path()).chain([
        ("what it printed".to_owned(), output.into_bytes()),
        ("its metrics".to_owned(), metrics.body.to_string().into_bytes()),
    ]) {
        searched += 1;
        assert!(!contains(&bytes, &address), "{place} holds the address of the webhook");
        holds_none(&place, &bytes, SECRETS);
    }
    assert!(searched > 50, "only {searched} files were searched");
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let hidden = BASE64_STANDARD.encode(format!("xy{}z", SECRETS[0]));
    assert!(forms(SECRETS[0]).iter().any(|(_, needle)| contains(hidden.as_bytes(), needle)));
    assert!(!forms(SECRETS[1]).iter().any(|(_, needle)| contains(hidden.as_bytes(), needle)));
}
