//! What a hot read costs beside an axum handler that returns the same 20 kB as a static string, and beside nginx that
//! serves them as a file: `make bench`. All three are processes of their own, asked by wrk in turn for several rounds.
//! No one of them writes an access log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/allocator.rs"]
mod allocator;
#[path = "../tests/common/mod.rs"]
mod common;
#[path = "support/handler.rs"]
mod handler;
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/wrk.rs"]
mod wrk;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::{http::header, routing::get};
use common::{
    client::Client,
    cluster::Cluster,
    eventually,
    feeds::{Feeds, rss},
};
use handler::Handler;
use reqwest::StatusCode;
use rounds::Rounds;
use serde_json::json;
use wrk::wrk;

const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_secs(3);
/// As much as both sides can do on this machine.
const FULL: [&str; 2] = ["-t2", "-c32"];
/// One connection, which asks again when it is answered: nobody waits for a core, so that what is measured is the server's
/// own time, and not the queue in front of it.
const CALM: [&str; 2] = ["-t1", "-c1"];
const PATH: &str = "/v1/stages/rathaus/feed.json";

fn main() {
    if let Some(file) = handler::asked() {
        return handler::serve(&file, peer(&file));
    }
    // Cargo also runs benches as tests; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for tool in ["wrk", "nginx"] {
        if Command::new(tool).arg("-v").output().is_err() {
            println!(
                "reads: {tool} is missing, so that reads were not measured: apt-get install wrk nginx-light"
            );
            return;
        }
    }
    tokio::runtime::Runtime::new().unwrap().block_on(measure());
}

/// The peer: axum alone.
fn peer(file: &str) -> axum::Router {
    let body: &'static str = fs::read_to_string(file).unwrap().leak();
    let answer = get(async move || ([(header::CONTENT_TYPE, "application/feed+json")], body));
    axum::Router::new().route(PATH, answer)
}

async fn measure() {
    let cluster = Cluster::start(1, &[]).await;
    let feeds = Feeds::serve(Duration::ZERO).await;
    let ours = cluster.servers[0].address.clone();
    let mut ada = Client::registered(&ours, "ada@example.org").await;
    let stage = ada.post("/api/v1/stages", json!({"name": "Rathaus", "handle": "rathaus"})).await;
    let stage = stage.expect(StatusCode::CREATED).id();
    let words = "Am Samstag öffnet das Rathaus seine Türen. ".repeat(5);
    let items = (0..20).map(|number| (number.to_string(), format!("{number} {words}")));
    let address = feeds.publish("news.xml", rss("News", items));
    let source = json!({"network": "feed", "address": address});
    ada.post(&format!("/api/v1/stages/{stage}/sources"), source).await.expect(StatusCode::CREATED);
    let mut body = String::new();
    eventually("the posts are there", async || {
        let page = reqwest::get(format!("{ours}{PATH}")).await.unwrap();
        body = page.text().await.unwrap();
        body.matches("urn:uuid:").count() == 20
    })
    .await;
    println!("{} bytes, {ROUNDS} rounds of {TIME:?} each", body.len());

    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start(folder.path(), &body).await;
    let addresses = [
        format!("{ours}{PATH}"),
        format!("http://{}{PATH}", peers.axum.address),
        format!("http://{}{PATH}", peers.nginx),
    ];
    println!("\n{FULL:?}: requests a second");
    let full = Rounds::run(ROUNDS, ["ours", "axum", "nginx"], async || {
        addresses.each_ref().map(|address| wrk(&FULL, TIME, address).rate)
    })
    .await;
    println!("\n{CALM:?}: 99 % within µs, and the median");
    let names = ["ours", "median", "axum", "median", "nginx", "median"];
    let calm = Rounds::run(ROUNDS, names, async || {
        let [ours, axum, nginx] = addresses.each_ref().map(|address| wrk(&CALM, TIME, address));
        [ours.last, ours.median, axum.last, axum.median, nginx.last, nginx.median]
    })
    .await;
    drop(peers);
    ratios::report(&[
        full.ratio(("reads: a feed of 20 kB", 0), ("axum, a static string", 1), "requests/s"),
        full.ratio(("reads: a feed of 20 kB, nginx", 0), ("nginx, a file", 2), "requests/s"),
        calm.ratio(("reads: 99th percentile (below 4)", 0), ("the median", 1), "µs"),
        calm.ratio(("reads: 99th percentile, axum", 2), ("the median", 3), "µs"),
        calm.ratio(("reads: 99th percentile, nginx", 4), ("the median", 5), "µs"),
    ]);
    cluster.end().await;
}

struct Peers {
    axum: Handler,
    nginx: SocketAddr,
    running: Child,
}

impl Peers {
    async fn start(folder: &Path, body: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        // nginx gives up its rights.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let file = folder.join(PATH.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, body).unwrap();
        let axum = Handler::start(&file).await;

        // Free a moment ago, and nobody else's hopefully.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let root = folder.display();
        let configuration = format!(
            "daemon off; worker_processes auto; pid {root}/pid; error_log stderr crit;
             events {{ worker_connections 1024; }}
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10;
                 client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
                 uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
                 types {{ application/feed+json json; }}
                 server {{ listen {free}; root {root}; }} }}"
        );
        fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let nginx = Command::new("nginx")
            .args(["-p", folder.to_str().unwrap(), "-c", "nginx.conf"])
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let peers = Self { axum, nginx: free, running: nginx };
        eventually("nginx listens", async || {
            reqwest::get(format!("http://{free}{PATH}"))
                .await
                .is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        peers
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.running.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.running.wait();
    }
}
