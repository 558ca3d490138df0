//! Art. 17.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    PERSON, PNG, account, account_at,
    common::{
        client::Client,
        eventually,
        program::Program,
        search::{contains, everything, holds_none},
        team,
    },
    person,
    postgres::Postgres,
    said,
};

#[tokio::test]
async fn after_an_erasure_nothing_of_the_person_is_in_any_file_nor_readable_in_a_dump_from_before() {
    let program = Program::start().await;
    let postgres = Postgres::of(&program);
    let (mut ada, id) = person(&program).await;
    ada.patch("/api/v1/account", json!({"email": PERSON[5]})).await.expect_success();
    let me = ada.get("/api/v1/account").await.expect_success();
    assert_eq!(me.body["first_name"], PERSON[0]);
    let picture = postgres.ask("stage", "SELECT id FROM media");
    assert_eq!(named_after(program.data(), &picture).len(), 3, "the picture, and two files about it");
    let dump = program.data().with_extension("dump");
    postgres.run("pg_dump", &["-d", "stage", "-f", dump.to_str().unwrap()]);

    let wrong = json!({"password": "another password 1234"});
    let refused = ada.send(Method::DELETE, "/api/v1/account", Some(wrong), &[]).await;
    let refused = refused.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.body["errors"][0]["field"], "password", "401 would say that she is logged out");
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
    assert_eq!(said(&account(program.data(), &["receipt", &id]))["receipt"], receipt);

    // The dump opens while the person's key is in it, and does not with the table of keys as it is now.
    postgres.ask("stage", "CREATE DATABASE before");
    postgres.run("psql", &["-d", "before", "-q", "-f", dump.to_str().unwrap()]);
    let before = |program: &Program| {
        let key = program.data().join("secrets/master-key");
        let url = postgres.url("before");
        account_at(&url, &["show", &id, "--master-key-file", key.to_str().unwrap()])
    };
    assert_eq!(said(&before(&program))["first_name"], PERSON[0], "the test would see her");
    let keys = postgres.run("pg_dump", &["-d", "stage", "--data-only", "--inserts", "-t", "subject_keys"]);
    postgres.ask("before", "DELETE FROM subject_keys");
    postgres
        .ask("before", &keys.lines().filter(|line| line.starts_with("INSERT")).collect::<Vec<_>>().join(";"));
    let shown = said(&before(&program));
    assert!(
        ["first_name", "last_name", "email", "phone"].iter().all(|name| shown[*name].is_null()),
        "{shown}"
    );
    postgres.ask("stage", "DROP DATABASE before");

    let metrics = Client::new(&program.base).get("/metrics").await;
    let (data, output) = program.stop_and_keep().await;
    assert_eq!(named_after(data.path(), &picture), Vec::<String>::new());
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

/// The files of the object store that are named after a picture: its own, and what the store keeps about it.
fn named_after(data: &Path, picture: &str) -> Vec<String> {
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(format!("media/{picture}"));
    let objects = data.join("objects");
    let files = everything(&objects).map(|(file, _)| file);
    files.filter(|file| file.contains(picture) || file.contains(&encoded)).collect()
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
async fn a_stage_that_somebody_else_owns_too_loses_the_person_and_nothing_else() {
    let program = Program::start().await;
    let (mut ada, id) = person(&program).await;
    let mut stage = Value::Null;
    eventually("the stage is listed", async || {
        stage = ada.get("/api/v1/stages").await.body["stages"][0].clone();
        stage["id"].is_string()
    })
    .await;
    let stage = stage["id"].as_str().unwrap();
    let token = team::invited(&program, &mut ada, stage, "grace@example.org", "owner").await;
    let mut grace = Client::registered(&program.base, "grace@example.org").await;
    team::join(&mut grace, &token).await;
    let picture = ada.upload(&format!("/api/v1/stages/{stage}/media"), "image/png", PNG).await.id();

    let erased = ada.send(Method::DELETE, "/api/v1/account", Some(json!({"password": PERSON[4]})), &[]).await;
    let erased = erased.expect(StatusCode::OK);
    assert_eq!((&erased.body["stages"], &erased.body["files"]), (&json!(0), &json!(0)));
    let members = format!("/api/v1/stages/{stage}/members");
    let mut team = Value::Null;
    eventually("the person has left", async || {
        team = grace.get(&members).await.expect(StatusCode::OK).body["members"].clone();
        team.as_array().map(Vec::len) == Some(1)
    })
    .await;
    assert_eq!(team[0]["role"], "owner");
    grace.get("/v1/stages/rathaus").await.expect(StatusCode::OK);
    assert_eq!(grace.get_bytes(&format!("/v1/media/{picture}")).await, PNG);
    let history = grace.get(&format!("/api/v1/stages/{stage}/history")).await.expect(StatusCode::OK).body;
    assert!(history.to_string().contains(&id) && !history.to_string().contains(PERSON[1]), "{history}");
    program.stop().await;
}
