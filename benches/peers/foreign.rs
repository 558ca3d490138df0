//! Peers in other languages: a process of their own that prints what it measured.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::work::{Done, TASKS, TIMES, Work};

pub struct Foreign {
    program: PathBuf,
    script: PathBuf,
}

/// emmett-postgresql, or why it can't run.
pub fn emmett() -> Result<Foreign, String> {
    let folder = folder("emmett");
    for file in ["package.json", "package-lock.json", "peer.mjs"] {
        std::fs::copy(here("emmett").join(file), folder.join(file)).unwrap();
    }
    succeeds(Command::new("node").arg("--version"))?;
    succeeds(Command::new("npm").args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    Ok(Foreign { program: "node".into(), script: folder.join("peer.mjs") })
}

/// eventsourcing, or why it can't run.
pub fn eventsourcing() -> Result<Foreign, String> {
    let folder = folder("eventsourcing");
    let python = folder.join("bin/python");
    succeeds(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let packages = here("eventsourcing").join("requirements.txt");
    succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(packages))?;
    Ok(Foreign { program: python, script: here("eventsourcing").join("peer.py") })
}

impl Foreign {
    pub async fn run(&self, work: &Work) -> Done {
        let posts = folder("posts").join("posts.ndjson");
        let lines = work.posts.iter().map(|(id, event)| {
            let event = serde_json::to_value(event).unwrap();
            json!({"id": id, "post": event["PostImported"]}).to_string() + "\n"
        });
        std::fs::write(&posts, lines.collect::<String>()).unwrap();
        let database = stage_testkit::empty_database().await;
        let options = database.pool.connect_options();
        database.pool.close().await;
        let host = options
            .get_socket()
            .map_or_else(|| options.get_host().to_owned(), |socket| socket.to_str().unwrap().to_owned());
        let output = tokio::process::Command::new(&self.program)
            .arg(&self.script)
            .args([TASKS.to_string(), TIMES.to_string()])
            .arg(&posts)
            .env("PEER_DATABASE_URL", &database.url)
            .env("PERSISTENCE_MODULE", "eventsourcing.postgres")
            .env("POSTGRES_DBNAME", &database.name)
            .env("POSTGRES_HOST", host)
            .env("POSTGRES_PORT", options.get_port().to_string())
            .env("POSTGRES_USER", options.get_username())
            .env("POSTGRES_PASSWORD", "none")
            .env("POSTGRES_POOL_SIZE", TASKS.to_string())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        Done { append: said["append"].as_f64().unwrap(), rebuild: said["rebuild"].as_f64().unwrap() }
    }
}

fn here(peer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(peer)
}

fn folder(name: &str) -> PathBuf {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let folder = std::path::absolute(target).unwrap().join("bench").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn succeeds(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{name} failed: {}", said.lines().last().unwrap_or_default()))
        }
        Err(_) => Err(format!("{name} is missing")),
    }
}
