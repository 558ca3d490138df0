//! `stage serve` and `stage work` on services of a test's own, and a log that is filled without asking them.

use std::process::{Output, Stdio};

use secrecy::ExposeSecret as _;
use stage_testkit::{Program, TestDatabase, TestObjects};
use tokio::process::{Child, Command};

const STAGE: &str = env!("CARGO_BIN_EXE_stage");
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub struct House {
    pub database: TestDatabase,
    pub objects: TestObjects,
    _journal: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
    pub server: Program,
}

impl House {
    pub async fn serve() -> Self {
        Self::serve_with(&stage_testkit::nats_url(), &[]).await
    }

    /// On this NATS, with more settings.
    pub async fn serve_with(nats: &str, settings: &[(&'static str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (database, objects) = (stage_testkit::database().await, stage_testkit::objects().await);
        let mut environment = vec![
            ("STAGE_DATABASE_URL", database.url.clone()),
            ("STAGE_NATS_URL", nats.to_owned()),
            ("STAGE_S3_ENDPOINT", objects.settings.endpoint.clone()),
            ("STAGE_S3_BUCKET", objects.settings.bucket.clone()),
            ("STAGE_S3_ACCESS_KEY", objects.settings.access_key.clone()),
            ("STAGE_S3_SECRET_KEY", objects.settings.secret_key.expose_secret().to_owned()),
            ("STAGE_MASTER_KEY", MASTER_KEY.to_owned()),
        ];
        environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let journal = tempfile::tempdir().expect("makes a folder");
        let serve = ["serve", "--journal-dir", journal.path().to_str().expect("a path in UTF-8")];
        let server = start(&serve, &environment).await;
        Self { database, objects, _journal: journal, environment, server }
    }

    /// A worker. Killed when it is dropped.
    pub fn work(&self) -> Child {
        self.command(&["work"]).stderr(Stdio::null()).spawn().expect("starts a worker")
    }

    /// A worker that says how it is, at its address.
    pub async fn worker(&self) -> Program {
        start(&["work", "--health-listen", "127.0.0.1:0"], &self.environment).await
    }

    /// Another command of the program, on the same database.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(STAGE);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STAGE_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.expect("runs")
    }

    /// A stage with this handle, straight into the log.
    pub async fn create(&self, stage: u32, handle: &str) {
        self.append(
            "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
             SELECT 'stage', id, 1, 'StageCreated', '1',
                    json_build_object('StageCreated', json_build_object(
                        'owner', id, 'name', 'Rathaus', 'handle', $2, 'at', '2026-01-01T00:00:00Z')), '{}'
             FROM (SELECT lpad($1::text, 8, '0') || '-0000-7000-8000-00000000000' || ($1 % 10) AS id) AS stages",
            stage,
            handle,
        )
        .await;
    }

    async fn append(&self, sql: &str, number: u32, text: &str) {
        sqlx::query(sql)
            .bind(i64::from(number))
            .bind(text)
            .execute(&self.database.pool)
            .await
            .expect("appends");
    }

    /// Posts `from..to`, in turns of stages 1 to `stages`, each published a second after the one before. A post's text is
    /// its number.
    pub async fn import(&self, stages: u32, from: u32, to: u32) -> i64 {
        let positions: Vec<i64> = sqlx::query_scalar(
            "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
             SELECT 'post', md5('post' || n)::uuid::text, 1, 'PostImported', '1',
                    json_build_object('PostImported', json_build_object(
                        'stage_id', lpad(stage::text, 8, '0') || '-0000-7000-8000-00000000000' || (stage % 10),
                        'source_id', md5('source' || stage)::uuid, 'network', 'feed', 'network_id', n::text,
                        'content', json_build_object('title', 'Post ' || n, 'html', NULL, 'text', n::text,
                            'permalink', NULL, 'author', NULL, 'language', 'de', 'categories', json_build_array(),
                            'media', json_build_array(),
                            'published_at', to_char(timestamp '2026-01-01' + n * interval '1 second',
                                                    'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
                            'updated_at', NULL),
                        'at', '2026-11-01T00:00:00Z')), '{}'
             FROM (SELECT n, n % $1 + 1 AS stage FROM generate_series($2::bigint, $3::bigint - 1) AS n) AS posts
             RETURNING position",
        )
        .bind(i64::from(stages))
        .bind(i64::from(from))
        .bind(i64::from(to))
        .fetch_all(&self.database.pool)
        .await
        .expect("appends");
        positions.into_iter().max().unwrap_or_default()
    }

    /// How far the slowest projection is.
    pub async fn reached(&self) -> i64 {
        let reached: (i64, Option<i64>) =
            sqlx::query_as("SELECT count(*), min(position) FROM projection_checkpoints")
                .fetch_one(&self.database.pool)
                .await
                .expect("asks");
        if reached.0 == 0 { 0 } else { reached.1.unwrap_or_default() }
    }
}

async fn start(arguments: &[&str], environment: &[(&'static str, String)]) -> Program {
    let borrowed: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match Program::start(STAGE, arguments, &borrowed).await {
        Ok(program) => program,
        Err(refused) => panic!("{}", refused.stderr),
    }
}
