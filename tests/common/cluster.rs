//! Servers and a worker as separate processes on the same services, as an operator would run them.

use std::process::{Command, Stdio};

use secrecy::ExposeSecret as _;
use stage_testkit::{Program, TestDatabase, TestObjects};
use tempfile::TempDir;

const STAGE: &str = env!("CARGO_BIN_EXE_stage");
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub struct Cluster {
    pub database: TestDatabase,
    pub servers: Vec<Program>,
    worker: tokio::process::Child,
    _objects: TestObjects,
    _journal: TempDir,
}

impl Cluster {
    /// So many `stage serve`, with more arguments, and one `stage work`.
    pub async fn start(servers: usize, arguments: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (database, objects) = (stage_testkit::empty_database().await, stage_testkit::objects().await);
        let settings = &objects.settings;
        let environment = [
            ("STAGE_DATABASE_URL", database.url.clone()),
            ("STAGE_NATS_URL", stage_testkit::nats_url()),
            ("STAGE_S3_ENDPOINT", settings.endpoint.clone()),
            ("STAGE_S3_BUCKET", settings.bucket.clone()),
            ("STAGE_S3_ACCESS_KEY", settings.access_key.clone()),
            ("STAGE_S3_SECRET_KEY", settings.secret_key.expose_secret().to_owned()),
            ("STAGE_MASTER_KEY", MASTER_KEY.to_owned()),
            ("STAGE_ALLOW_PRIVATE_ADDRESSES", "true".to_owned()),
        ];
        let migrated = Command::new(STAGE).arg("migrate").envs(environment.clone()).output().expect("runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let journal = tempfile::tempdir().expect("makes a folder");
        let given: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let serve = ["serve", "--journal-dir", journal.path().to_str().expect("a path in UTF-8")];
        let serve = [&serve[..], arguments].concat();
        let mut running = vec![];
        for _ in 0..servers {
            let started = Program::start(STAGE, &serve, &given).await;
            running.push(started.unwrap_or_else(|refused| panic!("{}", refused.stderr)));
        }
        let worker = tokio::process::Command::new(STAGE)
            .arg("work")
            .envs(environment.clone())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("starts the worker");
        Self { database, servers: running, worker, _objects: objects, _journal: journal }
    }

    /// Waits until a projection has applied a position, looking without a pause.
    pub async fn projected(&self, projection: &str, position: i64) {
        loop {
            let at: Option<i64> =
                sqlx::query_scalar("SELECT position FROM projection_checkpoints WHERE name = $1")
                    .bind(projection)
                    .fetch_optional(&self.database.pool)
                    .await
                    .expect("asks for the checkpoint");
            if at.is_some_and(|at| at >= position) {
                return;
            }
        }
    }

    pub async fn end(mut self) {
        for server in self.servers {
            assert!(server.end().await.success());
        }
        self.worker.kill().await.expect("ends the worker");
    }
}
