use std::{path::PathBuf, process::Command};

use crate::common::program::Program;

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
}
