//! An axum handler in a process of its own: this program, started again.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
};

use crate::common::eventually;

/// Tells a process of this program that it is the handler, and where its files are.
const HANDLER: &str = "STAGE_BENCH_HANDLER";

/// What the process was asked to serve, if it is the handler.
pub fn asked() -> Option<String> {
    std::env::var(HANDLER).ok()
}

/// Serves until it is ended; says its address beside `file`.
pub fn serve(file: &str, router: axum::Router) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        fs::write(format!("{file}.address"), listener.local_addr().unwrap().to_string()).unwrap();
        axum::serve(listener, router).await.unwrap();
    });
}

pub struct Handler {
    pub address: String,
    child: Child,
}

impl Handler {
    pub async fn start(file: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap()).env(HANDLER, file).spawn().unwrap();
        let told = format!("{}.address", file.display());
        eventually("the handler listens", async || {
            fs::read_to_string(&told).is_ok_and(|address| !address.is_empty())
        })
        .await;
        Self { address: fs::read_to_string(&told).unwrap(), child }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
