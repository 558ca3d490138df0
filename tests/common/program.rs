//! The real program with a data directory of its own, started and stopped as a person would.

use std::{
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

const STAGE: &str = env!("CARGO_BIN_EXE_stage");

/// More clients from one address than a person would be.
const ARGUMENTS: &[&str] = &["--log-in-burst", "1000", "--registration-burst", "1000"];

pub struct Program {
    pub base: String,
    program: stage_testkit::Program,
    data: TempDir,
    arguments: Vec<String>,
}

impl Program {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With more arguments for `stage up`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::Builder::new().prefix("stage-up.").tempdir().expect("makes a folder");
        let arguments = ARGUMENTS.iter().chain(arguments).map(ToString::to_string).collect();
        Self::up(data, arguments).await
    }

    async fn up(data: TempDir, arguments: Vec<String>) -> Self {
        let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let program = stage_testkit::Program::up_with(STAGE, data.path(), &given).await;
        Self { base: program.address.clone(), program, data, arguments }
    }

    /// Runs another command of the program beside it, on the same data.
    pub fn command(&self, arguments: &[&str]) -> Output {
        command(self.data(), arguments)
    }

    /// Where its data is.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The processes of one of its services, the first of them the oldest.
    pub fn service(&self, name: &str) -> Vec<i32> {
        self.program.service(name)
    }

    /// Appends an event to a stream of its own without asking the program, and answers its position.
    pub async fn append(&self, stream: &str, event: &str, payload: &serde_json::Value) -> i64 {
        use sqlx::Connection as _;
        let password = std::fs::read_to_string(self.data().join("secrets/postgres-password"));
        let options = sqlx::postgres::PgConnectOptions::new()
            .socket(self.data().join("postgres"))
            .username("stage")
            .password(password.expect("has a password").trim())
            .database("stage");
        let mut connection = sqlx::PgConnection::connect_with(&options).await.expect("connects");
        sqlx::query_scalar(
            "INSERT INTO events
                 (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
             VALUES ($1, gen_random_uuid(), 1, $2, '1', $3, '{}') RETURNING position",
        )
        .bind(stream)
        .bind(event)
        .bind(payload)
        .fetch_one(&mut connection)
        .await
        .expect("appends")
    }

    /// `kill -9` of the program and all that it started. It is to be started again.
    pub async fn kill_everything(&mut self) {
        self.program.kill_all().await;
    }

    /// On the same data; the address is a new one.
    pub async fn start_again(self) -> Self {
        let Self { program, data, arguments, .. } = self;
        drop(program);
        Self::up(data, arguments).await
    }

    /// Ctrl-C, and everything has ended well.
    pub async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// The same, and hands over its data and all that it wrote to stderr.
    pub async fn stop_and_keep(self) -> (TempDir, String) {
        let said = self.program.end_and_tell().await;
        (self.data, said)
    }
}

/// Runs a command of the program on a data directory, without what a developer has set for their own use.
pub fn command(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(STAGE);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STAGE_")) {
        command.env_remove(name);
    }
    command.args(arguments).arg("--data-dir").arg(data).output().expect("runs the program")
}
