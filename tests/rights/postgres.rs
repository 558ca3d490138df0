use std::{path::PathBuf, process::Command};

use sqlx::{Connection as _, PgConnection};

use crate::common::{eventually, program::Program};

/// PostgreSQL's own programs, on the database that `stage up` keeps.
pub(crate) struct Postgres {
    bin: PathBuf,
    data: PathBuf,
}

impl Postgres {
    pub(crate) fn of(program: &Program) -> Self {
        let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path());
        let bin = versions.max().unwrap().join("bin");
        Self { bin, data: program.data().to_owned() }
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let password = std::fs::read_to_string(self.data.join("secrets/postgres-password")).unwrap();
        let output = Command::new(self.bin.join(program))
            .arg("-h")
            .arg(self.data.join("postgres"))
            .args(["-U", "stage"])
            .args(arguments)
            .env("PGPASSWORD", password.trim())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn ask(&self, database: &str, sql: &str) -> String {
        self.run("psql", &["-d", database, "-Atqc", sql]).trim().to_owned()
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let password = std::fs::read_to_string(self.data.join("secrets/postgres-password")).unwrap();
        let socket = self.data.join("postgres").display().to_string().replace('/', "%2F");
        format!("postgres://stage:{}@{socket}/{database}", password.trim())
    }
    /// Takes these locks and keeps them, so that whoever wants one is held up until they are let go.
    pub(crate) async fn hold(&self, locks: &str) -> Hold {
        let mut connection = PgConnection::connect(&self.url("stage")).await.unwrap();
        sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
        sqlx::query(locks).execute(&mut connection).await.unwrap();
        let pid = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
        Hold { connection, pid }
    }
}

/// Locks of a transaction that goes on until it is told to end or its server dies.
pub(crate) struct Hold {
    connection: PgConnection,
    pid: i32,
}

impl Hold {
    pub(crate) async fn is_waited_for(&self, postgres: &Postgres) {
        let waiting =
            format!("SELECT count(*) FROM pg_stat_activity WHERE {} = ANY(pg_blocking_pids(pid))", self.pid);
        eventually("somebody waits for the locks", async || postgres.ask("stage", &waiting) != "0").await;
    }

    pub(crate) async fn let_go(self) {
        self.connection.close().await.unwrap();
    }
}
