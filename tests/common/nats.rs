//! A NATS of a test's own, which may go and come back where it was.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::process::{Child, Command};

pub struct Nats {
    server: Child,
    port: u16,
    data: TempDir,
}

impl Nats {
    pub async fn start() -> Self {
        let data = tempfile::tempdir().expect("makes a folder");
        let free =
            TcpListener::bind("127.0.0.1:0").expect("finds a port").local_addr().expect("has one").port();
        Self { server: server(free, data.path()).await, port: free, data }
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// `kill -9`
    pub async fn kill(&mut self) {
        self.server.kill().await.expect("kills it");
    }

    pub async fn start_again(&mut self) {
        self.server = server(self.port, self.data.path()).await;
    }
}

async fn server(port: u16, data: &Path) -> Child {
    let found =
        ["/usr/sbin/nats-server", "/usr/local/bin/nats-server"].into_iter().find(|it| Path::new(it).exists());
    let server = Command::new(found.unwrap_or("nats-server"))
        .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream", "--store_dir"])
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("starts nats-server");
    super::eventually("NATS listens", async || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server
}
