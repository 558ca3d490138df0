//! What a hot read costs beside an axum handler that returns the same 20 kB as a static string, and beside nginx that
//! serves them as a file: `make bench`. All three are processes of their own, asked by wrk in turn for several rounds.
//! No one of them writes an access log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "support/ratios.rs"]
mod ratios;
#[path = "support/rounds.rs"]
mod rounds;

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
use reqwest::StatusCode;
use rounds::Rounds;
use serde_json::json;

const ROUNDS: usize = 7;
const SECONDS: u64 = 3;
const CONNECTIONS: u32 = 32;
const PATH: &str = "/v1/stages/rathaus/feed.json";
/// Tells a process of this program that it is the axum handler, and of which file.
const HANDLER: &str = "STAGE_BENCH_HANDLER";

fn main() {
    if let Ok(file) = std::env::var(HANDLER) {
        return handler(&file);
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
fn handler(file: &str) {
    let body: &'static str = fs::read_to_string(file).unwrap().leak();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        fs::write(format!("{file}.address"), listener.local_addr().unwrap().to_string()).unwrap();
        let answer = get(async move || ([(header::CONTENT_TYPE, "application/feed+json")], body));
        axum::serve(listener, axum::Router::new().route(PATH, answer)).await.unwrap();
    });
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
    println!("{} bytes, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s each", body.len());

    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start(folder.path(), &body).await;
    let addresses = [
        format!("{ours}{PATH}"),
        format!("http://{}{PATH}", peers.axum),
        format!("http://{}{PATH}", peers.nginx),
    ];
    let names = ["ours", "axum", "nginx", "ours: 99 % within µs", "median µs"];
    let rounds = Rounds::run(ROUNDS, names, async || {
        let [ours, axum, nginx] = addresses.each_ref().map(|address| wrk(address));
        [ours.rate, axum.rate, nginx.rate, ours.last * 1000.0, ours.median * 1000.0]
    })
    .await;
    drop(peers);
    ratios::report(&[
        rounds.ratio(("reads: a feed of 20 kB", 0), ("axum, a static string", 1), "requests/s"),
        rounds.ratio(("reads: a feed of 20 kB, nginx", 0), ("nginx, a file", 2), "requests/s"),
        rounds.ratio(("reads: 99th percentile (below 4)", 3), ("the median", 4), "µs"),
    ]);
    cluster.end().await;
}

struct Measured {
    rate: f64,
    /// In milliseconds, as is the 99th percentile.
    median: f64,
    last: f64,
}

fn wrk(address: &str) -> Measured {
    let (seconds, connections) = (format!("{SECONDS}s"), CONNECTIONS.to_string());
    let output = Command::new("wrk")
        .args(["-t2", "-c", &connections, "-d", &seconds, "--latency", address])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let after = |name: &str| {
        let (_, rest) = said.split_once(name).unwrap_or_else(|| panic!("{said}"));
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let time = |text: String| {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number: f64 = text[..text.len() - unit.len()].parse().unwrap();
        number
            * match unit {
                "us" => 0.001,
                "ms" => 1.0,
                "s" => 1000.0,
                _ => panic!("{text}"),
            }
    };
    Measured {
        rate: after("Requests/sec:").parse().unwrap(),
        median: time(after(" 50%")),
        last: time(after(" 99%")),
    }
}

struct Peers {
    axum: SocketAddr,
    nginx: SocketAddr,
    running: Vec<Child>,
}

impl Peers {
    async fn start(folder: &Path, body: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        // nginx gives up its rights.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let file = folder.join(PATH.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, body).unwrap();
        let axum = Command::new(std::env::current_exe().unwrap()).env(HANDLER, &file).spawn().unwrap();
        let told = format!("{}.address", file.display());
        eventually("the handler listens", async || {
            fs::read_to_string(&told).is_ok_and(|told| !told.is_empty())
        })
        .await;
        let axum_address = fs::read_to_string(&told).unwrap().parse().unwrap();

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
        let peers = Self { axum: axum_address, nginx: free, running: vec![axum, nginx] };
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
        for child in &mut self.running {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
            let _ = child.wait();
        }
    }
}
