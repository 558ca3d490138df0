use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::house::{House, eventually};

/// A NATS server of this test's own, which it may kill.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start(dir: &Path, port: &str) -> Self {
        let ports = dir.join("ports");
        let _ = std::fs::remove_dir_all(&ports);
        std::fs::create_dir(&ports).unwrap();
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let child = Command::new("nats-server")
            .env("PATH", path)
            .args(["--addr", "127.0.0.1", "--port", port, "--jetstream", "--ports_file_dir"])
            .arg(&ports)
            .arg("--store_dir")
            .arg(dir.join("store"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From here on it is ended, whatever fails.
        let mut server = Self { child, port: String::new() };
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let file = std::fs::read_dir(&ports).unwrap().next();
            let text = file.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
            let address = text.as_deref().and_then(|text| text.split("nats://127.0.0.1:").nth(1));
            if let Some((port, _)) = address.and_then(|rest| rest.split_once('"')) {
                server.port = port.to_owned();
                return server;
            }
            assert!(Instant::now() < until, "nats-server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nats_killed_viewing_goes_on_as_fast_and_each_view_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), "-1");
    let port = server.port.clone();
    let mut house = House::on(&format!("nats://127.0.0.1:{port}")).await;
    let journal = house.journal();
    let processes = [house.publish(&journal), house.count()];
    house.view(&journal, 500);
    eventually("all is counted", async || house.total().await == 500).await;
    house.view(&journal, 500);
    server.kill();
    let since = Instant::now();
    house.view(&journal, 10_000);
    assert!(since.elapsed() < Duration::from_secs(2), "viewing took {:?}", since.elapsed());
    let client = house.nats.clone();
    eventually("the client knows that NATS is gone", async || {
        client.connection_state() != async_nats::connection::State::Connected
    })
    .await;
    let counted_without = house.total().await;
    house.view(&journal, 500);
    let server = Server::start(dir.path(), &port);
    eventually("all is counted", async || house.total().await == 11_500).await;
    assert!(counted_without < 11_000, "nothing can be counted without NATS");
    drop((journal, processes));
    house.ends_with_each_view_counted_once().await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_on_a_nats_server_that_lost_its_disk_are_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), "-1");
    let port = server.port.clone();
    let mut house = House::on(&format!("nats://127.0.0.1:{port}")).await;
    let journal = house.journal();
    let publisher = house.publish(&journal);
    house.view(&journal, 100);
    eventually("something is sent", async || house.messages().await > Some(3)).await;
    server.kill();
    std::fs::remove_dir_all(dir.path().join("store")).unwrap();
    let server = Server::start(dir.path(), &port);
    let counter = house.count();
    eventually("all is counted", async || house.total().await == 100).await;
    drop((journal, publisher, counter));
    house.ends_with_each_view_counted_once().await;
    drop(server);
}

/// A way to NATS on which every answer takes `lag`.
async fn slow_way(nats_url: &str, lag: Duration) -> String {
    let server = nats_url.trim_start_matches("nats://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("nats://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let (mut asks, mut hears) = client.into_split();
            let (mut answers, mut is_asked) = TcpStream::connect(&server).await.unwrap().into_split();
            let (late, mut due) = mpsc::unbounded_channel();
            tokio::spawn(async move { tokio::io::copy(&mut asks, &mut is_asked).await });
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = answers.read(&mut bytes).await {
                    let _ = late.send((tokio::time::Instant::now() + lag, bytes[..count].to_vec()));
                }
            });
            tokio::spawn(async move {
                while let Some((at, bytes)) = due.recv().await {
                    tokio::time::sleep_until(at).await;
                    let _ = hears.write_all(&bytes).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn views_are_counted_also_when_nats_answers_later_than_a_leader_may_be_silent() {
    let lag = Duration::from_millis(1_100);
    let mut house = House::on(&slow_way(&stage_testkit::nats_url(), lag).await).await;
    assert!(lag > house.settings.heartbeat * 3 && lag < house.settings.timeout);
    let journal = house.journal();
    let processes = [house.publish(&journal), house.count()];
    house.view(&journal, 10);
    eventually("all is counted", async || house.total().await == 10).await;
    drop((journal, processes));
    house.ends_with_each_view_counted_once().await;
}
