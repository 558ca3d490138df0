//! `stage log` beside a running program, and a verifier in another language.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::{client::Client, eventually, program::Program, verifier::verifier};
use reqwest::StatusCode;
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A program with a person and two stages, signed up to the last event.
struct Signed {
    program: Program,
    events: u64,
    folder: tempfile::TempDir,
}

impl Signed {
    async fn start() -> Self {
        let program = Program::start_with(&["--notary-seconds", "0"]).await;
        let mut client = Client::registered(&program.base, "ada@example.org").await;
        for handle in ["rathaus", "bücherei"] {
            let stage = json!({"name": format!("Stage {handle}"), "handle": handle.replace('ü', "ue")});
            client.post("/api/v1/stages", stage).await.expect(StatusCode::CREATED);
        }
        let signed = Self { program, events: 4, folder: tempfile::tempdir().unwrap() };
        // Registered, logged in, two stages.
        eventually("all is signed", async || {
            let output = signed.log(&["checkpoint", "--json"]);
            serde_json::from_slice::<Value>(&output.stdout).is_ok_and(|signed| signed["size"] == 4)
        })
        .await;
        signed
    }

    fn log(&self, arguments: &[&str]) -> Output {
        self.program.command(&[&["log"], arguments].concat())
    }

    fn told(&self, arguments: &[&str]) -> String {
        let output = self.log(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.told(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn key(&self) -> String {
        self.json(&["checkpoint"])["public_keys"][0].as_str().unwrap().to_owned()
    }

    /// A file with this text.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

#[tokio::test]
async fn an_auditor_verifies_a_running_installation_and_keeps_a_checkpoint() {
    let s = Signed::start().await;
    let report = s.json(&["verify"]);
    assert_eq!((&report["verified"], &report["events"]), (&json!(true), &json!(s.events)), "{report}");
    let checkpoint = s.log(&["checkpoint"]);
    let told = String::from_utf8(checkpoint.stderr).unwrap();
    assert!(told.contains(&format!("public key: {}", s.key())), "{told}");
    let kept = s.file("kept", std::str::from_utf8(&checkpoint.stdout).unwrap());
    let kept = kept.to_str().unwrap();
    let told = s.told(&["verify", "--checkpoint", kept, "--public-key", &s.key()]);
    assert!(told.starts_with("4 events up to position "), "{told}");

    let other = stage_store::proof::NotaryKey::new("example.org", &[1; 32]).unwrap();
    let refused = s.log(&["verify", "--public-key", other.public().as_str()]);
    assert!(!refused.status.success());
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.starts_with("stage: the log is not as it was signed: the checkpoint of "), "{told}");

    let proof = s.json(&["prove", "--from", "1"]);
    assert_eq!((&proof["from"]["size"], &proof["to"]["size"]), (&json!(1), &json!(s.events)), "{proof}");
    let refused = s.log(&["prove", "--from", "9"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(
        told,
        "stage: there is no proof from 9 to 4 events: both must be from 1 to 4, and the first not the larger\n"
    );
    s.program.stop().await;
}

#[tokio::test]
async fn a_verifier_in_another_language_recomputes_the_log_from_an_export_and_finds_a_changed_byte() {
    let s = Signed::start().await;
    let key = s.key();
    let text = s.told(&["export"]);
    let export = s.file("log.ndjson", &text);
    let checkpoint = s.file("checkpoint", &s.told(&["checkpoint"]));
    let said = verifier(&key, &[&export, &checkpoint]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "the first 4 events are as they were signed\n");

    let changed = s.file("changed.ndjson", &text.replace("Stage rathaus", "Stage Rathaus"));
    let said = verifier(&key, &[&changed, &checkpoint]);
    assert_eq!(String::from_utf8(said.stderr).unwrap(), "the log is not as it was signed\n");
    let other = stage_store::proof::NotaryKey::new("example.org", &[1; 32]).unwrap();
    let said = verifier(other.public().as_str(), &[&export, &checkpoint]);
    assert_eq!(String::from_utf8(said.stderr).unwrap(), "the checkpoint is signed with another key\n");

    // One event with its proof.
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let position = last["position"].to_string();
    let event = s.file("event.ndjson", &s.told(&["export", "--from", &position, "--to", &position]));
    let proof = s.file("proof", &s.told(&["prove", &position]));
    let said = verifier(&key, &[Path::new("--proof"), &proof, &event]);
    let expected = format!("the event at position {position} is in the log of 4 events\n");
    assert_eq!(String::from_utf8(said.stdout).unwrap(), expected);
    s.program.stop().await;
}

#[test]
fn the_verifier_is_short() {
    let text = fs::read_to_string(Path::new(ROOT).join("tests/verify_log.py")).unwrap();
    assert!(text.lines().count() < 150);
}

#[test]
fn an_operators_key_is_made_once_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let make = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stage"));
        command.args(["log", "key", "stage.example.org/log"]).arg(&file).output().unwrap()
    };
    let made = make();
    assert!(made.status.success());
    assert!(String::from_utf8(made.stdout).unwrap().starts_with("stage.example.org/log+"));
    let key = fs::read_to_string(&file).unwrap();
    assert!(!make().status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), key);
}
