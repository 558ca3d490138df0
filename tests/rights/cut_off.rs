//! Art. 17, when everything is killed while it is carried out.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    PERSON, PNG, account,
    common::{
        client::Client,
        eventually,
        program::Program,
        search::{contains, everything},
    },
    person,
    postgres::{Hold, Postgres},
    said,
};

/// Where an erasure is held up, so that it is certainly there when everything is killed.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Within the transaction that destroys the key.
    Destroying,
    /// Some stages are closed, others are not.
    ClosingStages,
    /// All are closed, and the files of the first are deleted.
    DeletingFiles,
    /// Everything is done but for the receipt.
    Signing,
}

#[tokio::test]
async fn an_erasure_that_is_killed_at_any_step_is_finished_by_the_next_start_or_has_not_begun() {
    let mut program = Program::start().await;
    for step in [Step::Destroying, Step::ClosingStages, Step::DeletingFiles, Step::Signing] {
        program = is_killed_at(step, program).await;
    }
    program.stop().await;
}

async fn is_killed_at(step: Step, mut program: Program) -> Program {
    let postgres = Postgres::of(&program);
    let (mut ada, id) = person(&program).await;
    for number in 0..2 {
        let stage = json!({"name": "Rathaus", "handle": format!("rathaus-{number}")});
        let stage = ada.post("/api/v1/stages", stage).await.expect_success().id();
        ada.upload(&format!("/api/v1/stages/{stage}/media"), "image/png", PNG).await.expect_success();
    }
    let left = |of: &str| postgres.ask("stage", &format!("SELECT count(*) FROM {of}"));
    let open = || left("stage_owners WHERE closed_at IS NULL");
    let all = || left("stage_owners");

    let first = holds_up(step, &postgres).await;
    let erasing = tokio::spawn(async move {
        let erase = ada.send(Method::DELETE, "/api/v1/account", Some(json!({"password": PERSON[4]})), &[]);
        let _ = tokio::time::timeout(Duration::from_secs(60), erase).await;
    });
    first.is_waited_for(&postgres).await;
    let _held = match step {
        Step::Signing => {
            let second = postgres.hold("SELECT FROM restrictions FOR UPDATE").await;
            first.let_go().await;
            second.is_waited_for(&postgres).await;
            second
        }
        _ => first,
    };
    let begun = left(&format!("erasures WHERE account_id = '{id}'"));
    match step {
        Step::Destroying => assert_eq!((begun.as_str(), open().as_str()), ("0", "3")),
        Step::ClosingStages => assert_eq!((begun.as_str(), open().as_str()), ("1", "2")),
        Step::DeletingFiles => assert_eq!((open().as_str(), all().as_str()), ("0", "3")),
        Step::Signing => {
            assert_eq!((all().as_str(), left("erasures WHERE receipt IS NULL").as_str()), ("0", "1"));
        }
    }
    program.kill_everything().await;
    erasing.abort();

    let program = program.start_again().await;
    if let Step::Destroying = step {
        // Nothing of it was done, and it is asked for again.
        let mut ada = Client::new(&program.base);
        let credentials = json!({"email": PERSON[2], "password": PERSON[4]});
        ada.post("/api/v1/session", credentials).await.expect_success();
        let me = ada.get("/api/v1/account").await.expect(StatusCode::OK);
        assert_eq!(me.body["first_name"], PERSON[0]);
        ada.send(Method::DELETE, "/api/v1/account", Some(json!({"password": PERSON[4]})), &[])
            .await
            .expect_success();
    }
    let mut erasure = Value::Null;
    eventually("the erasure is finished", async || {
        erasure = said(&account(program.data(), &["receipt", &id]));
        erasure["receipt"].is_string()
    })
    .await;
    assert_eq!((&erasure["stages"], &erasure["files"]), (&json!(3), &json!(3)), "{step:?}");
    for (file, bytes) in everything(&program.data().join("objects")) {
        let left = contains(&bytes, PERSON[6].as_bytes()) || file.contains(".object-");
        assert!(!left, "{step:?}: of a picture there is still {file}");
    }
    program
}

async fn holds_up(step: Step, postgres: &Postgres) -> Hold {
    let what = match step {
        Step::Destroying => "LOCK TABLE recovery_codes IN SHARE MODE",
        // They are closed in this order.
        Step::ClosingStages | Step::Signing => {
            "SELECT FROM stage_owners
             WHERE stage_id = (SELECT stage_id FROM stage_owners ORDER BY stage_id LIMIT 1 OFFSET 1) FOR UPDATE"
        }
        Step::DeletingFiles => "LOCK TABLE uploads IN SHARE MODE",
    };
    postgres.hold(what).await
}
