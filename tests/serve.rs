//! `stage migrate`, `stage serve` and `stage work`, against services that somebody else operates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::process::{Command, Output, Stdio};

use common::{client::Client, eventually};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::json;
use stage_testkit::{Program, TestDatabase, TestObjects};

const STAGE: &str = env!("CARGO_BIN_EXE_stage");
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn environment(database: &TestDatabase, objects: &TestObjects) -> Vec<(&'static str, String)> {
    vec![
        ("STAGE_DATABASE_URL", database.url.clone()),
        ("STAGE_NATS_URL", stage_testkit::nats_url()),
        ("STAGE_S3_ENDPOINT", objects.settings.endpoint.clone()),
        ("STAGE_S3_BUCKET", objects.settings.bucket.clone()),
        ("STAGE_S3_ACCESS_KEY", objects.settings.access_key.clone()),
        ("STAGE_S3_SECRET_KEY", objects.settings.secret_key.expose_secret().to_owned()),
        ("STAGE_MASTER_KEY", MASTER_KEY.to_owned()),
    ]
}

fn run(arguments: &[&str], environment: &[(&str, String)]) -> Output {
    Command::new(STAGE).args(arguments).envs(environment.iter().cloned()).output().unwrap()
}

#[tokio::test]
async fn a_server_and_a_worker_do_together_what_up_does_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (database, objects) = (stage_testkit::empty_database().await, stage_testkit::objects().await);
    let environment = environment(&database, &objects);
    for _ in 0..2 {
        let migrated = run(&["migrate"], &environment);
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    }

    let journal = tempfile::tempdir().unwrap();
    let borrowed: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let serve = ["serve", "--journal-dir", journal.path().to_str().unwrap()];
    let server =
        Program::start(STAGE, &serve, &borrowed).await.unwrap_or_else(|refused| panic!("{}", refused.stderr));
    let mut worker = tokio::process::Command::new(STAGE)
        .arg("work")
        .envs(environment.clone())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let mut ada = Client::registered(&server.address, "ada@example.org").await;
    ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"}))
        .await
        .expect(StatusCode::CREATED);
    let mut reader = Client::new(&server.address);
    eventually("the worker has carried the stage over", async || {
        reader.get("/v1/stages/rathaus").await.status == StatusCode::OK
    })
    .await;
    assert_eq!(reader.get("/health/ready").await.status, StatusCode::OK);

    kill(Pid::from_raw(i32::try_from(worker.id().unwrap()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(worker.wait().await.unwrap().success());
    assert!(server.end().await.success());
}

#[tokio::test]
async fn another_master_key_than_the_databases_is_told_in_one_sentence() {
    let (database, objects) = (stage_testkit::database().await, stage_testkit::objects().await);
    let mut environment = environment(&database, &objects);
    let borrowed = |environment: &[(&'static str, String)]| {
        environment.iter().map(|(name, value)| (*name, value.clone())).collect::<Vec<_>>()
    };
    let journal = tempfile::tempdir().unwrap();
    let serve = ["serve", "--journal-dir", journal.path().to_str().unwrap()];
    let start = async |environment: &[(&'static str, String)]| {
        let owned = borrowed(environment);
        let settings: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Program::start(STAGE, &serve, &settings).await
    };
    let server = start(&environment).await.unwrap_or_else(|refused| panic!("{}", refused.stderr));
    assert!(server.end().await.success());
    environment.retain(|(name, _)| *name != "STAGE_MASTER_KEY");
    environment.push(("STAGE_MASTER_KEY", MASTER_KEY.replace('0', "f")));
    let refused = start(&environment).await.err().expect("is refused");
    assert!(refused.stderr.contains("stage: the master key is not the one"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(&MASTER_KEY.replace('0', "f")));
}

#[test]
fn an_address_for_clients_that_is_wrong_or_unsafe_is_refused_in_one_sentence() {
    let settings = [
        ("STAGE_DATABASE_URL", "postgres://localhost/none?sslmode=nonsense"),
        ("STAGE_NATS_URL", "nats://localhost:1"),
        ("STAGE_S3_ENDPOINT", "http://localhost:1"),
        ("STAGE_S3_ACCESS_KEY", "a"),
        ("STAGE_S3_SECRET_KEY", "b"),
        ("STAGE_MASTER_KEY", MASTER_KEY),
    ];
    let settings = settings.map(|(name, value)| (name, value.to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let refused = |subcommand: &[&str], listen: &str, public: &[&str]| {
        let arguments = [subcommand, &["--listen", listen], public].concat();
        let output = run(&arguments, &settings);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let up = ["up", "--data-dir", data.to_str().unwrap()];
    let serve = ["serve", "--journal-dir", data.to_str().unwrap()];
    for subcommand in [&up[..], &serve[..]] {
        for listen in ["0.0.0.0:0", "[::]:0"] {
            let said = refused(subcommand, listen, &[]);
            assert!(said.contains("give one with --public-url https://"), "{said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        }
        for listen in ["0.0.0.0:0", "127.0.0.1:0"] {
            for public in ["http://stage.example", "ftp://localhost", "http://10.0.0.1:8080"] {
                let said = refused(subcommand, listen, &["--public-url", public]);
                assert!(said.contains("--public-url must begin with https://"), "{said}");
                assert_eq!(said.trim_end().lines().count(), 1, "{said}");
            }
        }
        assert!(!data.exists(), "nothing was begun");
    }
    // Those that are safe come as far as the database's address.
    for (listen, public) in [
        ("127.0.0.1:0", vec![]),
        ("0.0.0.0:0", vec!["--public-url", "https://stage.example"]),
        ("0.0.0.0:0", vec!["--public-url", "http://localhost:8080"]),
    ] {
        let said = refused(&serve, listen, &public);
        assert!(said.contains("the database's address is not well formed"), "{said}");
    }
}

#[test]
fn help_shows_every_setting_and_the_value_of_no_secret() {
    let secrets = ["STAGE_DATABASE_URL", "STAGE_NATS_URL", "STAGE_S3_SECRET_KEY", "STAGE_MASTER_KEY"];
    let environment: Vec<_> =
        secrets.iter().map(|name| (*name, "hunter2-in-the-environment".to_owned())).collect();
    for subcommand in ["serve", "work"] {
        let help = run(&[subcommand, "--help"], &environment);
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(!help.contains("hunter2"), "{help}");
        for name in secrets {
            assert!(help.contains(name), "stage {subcommand} --help names {name}");
        }
    }
    let help = String::from_utf8(run(&["up", "--help"], &[]).stdout).unwrap();
    for name in ["STAGE_LISTEN", "STAGE_DATA_DIR", "STAGE_ALLOW_PRIVATE_ADDRESSES", "STAGE_TRUSTED_PROXY"] {
        assert!(help.contains(name), "stage up --help names {name}");
    }
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_refused_with_what_to_do() {
    let (database, objects) = (stage_testkit::empty_database().await, stage_testkit::objects().await);
    let refused = run(&["work"], &environment(&database, &objects));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("stage migrate"), "{said}");
}
