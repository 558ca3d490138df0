//! The master key, which wraps the keys of all people.

use std::{process::Command, time::Duration};

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    PERSON, account,
    common::{
        client::Client,
        program::{Program, command},
    },
    person,
    postgres::Postgres,
    said,
};

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
    said(&command(&data, &["keys", "rotate", "--json"]));
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
