//! The master key, which wraps the keys of all people.

use std::process::Command;

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    PERSON, account, account_at,
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
    // Each is held up where it certainly is when it is killed, and the next one goes on.
    let postgres = Postgres::of(&program);
    let steps = [
        // Before a key of the installation is wrapped anew.
        ("SELECT FROM installation_keys LIMIT 1 FOR UPDATE", "none", "none"),
        // Between those and the keys of people.
        ("SELECT FROM subject_keys LIMIT 1 FOR UPDATE", "all", "none"),
        // When all are, and the new master key is not in the old one's place.
        ("LOCK TABLE installation_keys IN SHARE UPDATE EXCLUSIVE MODE", "all", "all"),
    ];
    let mut first_master = String::new();
    for (locks, installation, people) in steps {
        let held = postgres.hold(locks).await;
        let mut rotation = Command::new(env!("CARGO_BIN_EXE_stage"))
            .args(["keys", "rotate", "--data-dir"])
            .arg(&data)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        held.is_waited_for(&postgres).await;
        rotation.kill().unwrap();
        assert!(!rotation.wait().unwrap().success());
        // Some who register meanwhile already have keys under the new one, so only the first person is looked at.
        let under = |table: &str, order: &str| {
            postgres.ask("stage", &format!("SELECT master FROM {table} ORDER BY {order} LIMIT 1"))
        };
        let masters = [under("installation_keys", "name"), under("subject_keys", "created_at")];
        if first_master.is_empty() {
            first_master.clone_from(&masters[0]);
        }
        let moved = masters.map(|master| if master == first_master { "none" } else { "all" });
        assert_eq!(moved, [installation, people], "{locks}");
        assert!(data.join("secrets/master-key.next").exists());
        held.let_go().await;
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
    let show = ["show", PERSON[2], "--master-key-file", kept.to_str().unwrap()];
    let refused = account_at(&postgres.url("stage"), &show);
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

#[tokio::test]
async fn a_master_key_that_is_given_for_a_data_directory_is_the_one_that_holds() {
    let program = Program::start().await;
    let (_, id) = person(&program).await;
    let show = |file: &std::path::Path| {
        account(program.data(), &["show", &id, "--master-key-file", file.to_str().unwrap()])
    };
    assert_eq!(said(&show(&program.data().join("secrets/master-key")))["id"], json!(id));
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("key");
    std::fs::write(&wrong, "01".repeat(32)).unwrap();
    let refused = show(&wrong);
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(told, "stage: the master key is not the one that this database was set up with\n");
    program.stop().await;
}
