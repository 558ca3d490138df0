//! `stage up`: what it starts, how it ends, and that no end loses anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use reqwest::StatusCode;
use stage_testkit::{Program, is_running};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const STAGE: &str = env!("CARGO_BIN_EXE_stage");

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("stage-up.").tempdir().unwrap()
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap()
}

async fn readiness(program: &Program) -> StatusCode {
    let url = format!("{}/health/ready", program.address);
    client().get(url).send().await.unwrap().status()
}

/// Waits until the program says that everything it stands on is there.
async fn ready_again(program: &Program) {
    let since = Instant::now();
    while readiness(program).await != StatusCode::OK {
        assert!(since.elapsed() < Duration::from_secs(60), "is not ready again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn register(program: &Program) {
    let account = serde_json::json!({
        "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org", "phone": null,
        "password": "a long enough sentence", "language": "en"
    });
    let url = format!("{}/api/v1/accounts", program.address);
    let answer = client().post(url).json(&account).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
}

async fn can_log_in(program: &Program) -> bool {
    let login = serde_json::json!({ "email": "ada@example.org", "password": "a long enough sentence" });
    let url = format!("{}/api/v1/session", program.address);
    client().post(url).json(&login).send().await.unwrap().status().is_success()
}

/// One line, without a panic or a debug print in it.
fn sentence(stderr: &str) -> &str {
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("stage: ")).collect();
    assert_eq!(lines.len(), 1, "one sentence, not: {stderr}");
    lines[0]
}

#[tokio::test]
async fn ctrl_c_ends_everything_that_was_started_and_the_next_start_finds_the_data() {
    let data = folder();
    let program = Program::up(STAGE, data.path()).await;
    assert_eq!(readiness(&program).await, StatusCode::OK);
    register(&program).await;
    let started = program.descendants();
    assert!(started.len() > 2, "PostgreSQL and NATS run as children");
    assert!(program.end().await.success());
    assert!(is_running(&started).await.is_empty(), "no child outlives the program");

    let program = Program::up(STAGE, data.path()).await;
    assert!(can_log_in(&program).await);
    assert!(program.end().await.success());
}

#[tokio::test]
async fn sigterm_ends_it_like_ctrl_c() {
    let data = folder();
    let mut program = Program::up(STAGE, data.path()).await;
    let started = program.descendants();
    program.signal(Signal::SIGTERM);
    assert!(program.ended().await.success());
    assert!(is_running(&started).await.is_empty());
}

/// A request whose body is still on its way: one byte of fifty.
async fn half_a_request(program: &Program) -> TcpStream {
    let mut stream = TcpStream::connect(program.address.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: stage\r\nconnection: close\r\n\
                content-type: application/json\r\ncontent-length: 50\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    // Its handler has it once another request, sent later, was answered.
    readiness(program).await;
    stream
}

async fn no_longer_listens(program: &Program) {
    let address = program.address.trim_start_matches("http://");
    let since = Instant::now();
    while TcpStream::connect(address).await.is_ok() {
        assert!(since.elapsed() < Duration::from_secs(30), "still listens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let data = folder();
    let mut program = Program::up(STAGE, data.path()).await;
    let mut request = half_a_request(&program).await;
    program.signal(Signal::SIGINT);
    no_longer_listens(&program).await;
    request.write_all(" ".repeat(49).as_bytes()).await.unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(program.ended().await.success());
}

#[tokio::test]
async fn a_second_ctrl_c_waits_for_nobody() {
    let data = folder();
    let mut program = Program::up(STAGE, data.path()).await;
    let started = program.descendants();
    let _request = half_a_request(&program).await;
    program.signal(Signal::SIGINT);
    no_longer_listens(&program).await;
    let since = Instant::now();
    program.signal(Signal::SIGINT);
    assert!(program.ended().await.success());
    assert!(since.elapsed() < Duration::from_secs(8), "the request would have been waited for");
    assert!(is_running(&started).await.is_empty());
}

#[tokio::test]
async fn a_killed_program_leaves_no_orphans_and_loses_nothing() {
    let data = folder();
    let mut program = Program::up(STAGE, data.path()).await;
    register(&program).await;
    let started = program.descendants();
    program.kill().await;
    assert!(is_running(&started).await.is_empty(), "the kernel ends the children");

    let program = Program::up(STAGE, data.path()).await;
    assert!(can_log_in(&program).await);
}

#[tokio::test]
async fn a_program_killed_with_all_its_children_starts_again_and_loses_nothing() {
    let data = folder();
    let mut program = Program::up(STAGE, data.path()).await;
    register(&program).await;
    program.kill_all().await;

    // At once: whatever is still ending must not be in the way.
    let program = Program::up(STAGE, data.path()).await;
    assert!(can_log_in(&program).await);
}

#[tokio::test]
async fn a_pid_file_whose_number_another_process_has_now_is_no_obstacle() {
    let data = folder();
    let program = Program::up(STAGE, data.path()).await;
    let pid_file = data.path().join("postgres/postmaster.pid");
    let left = fs::read_to_string(&pid_file).unwrap();
    assert!(program.end().await.success());
    // As after a crash and a restart of the machine: the file names a process that lives, but is not PostgreSQL.
    let ours = std::process::id().to_string();
    let (_, rest) = left.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{ours}\n{rest}")).unwrap();
    fs::write(data.path().join("postgres/.s.PGSQL.5432.lock"), format!("{ours}\n{rest}")).unwrap();
    Program::up(STAGE, data.path()).await;
}

#[tokio::test]
async fn a_service_that_dies_is_started_again_while_the_rest_goes_on() {
    let data = folder();
    let program = Program::up(STAGE, data.path()).await;
    register(&program).await;
    for name in ["postgres", "nats-server"] {
        let before = program.service(name);
        let first = before.first().copied().unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(first), Signal::SIGKILL).unwrap();
        is_running(&[first].into()).await;
        ready_again(&program).await;
        let after = program.service(name);
        assert!(!after.is_empty() && !after.contains(&first), "{name} runs again");
    }
    assert!(can_log_in(&program).await);
    assert!(program.end().await.success());
}

#[tokio::test]
async fn a_nats_that_hangs_is_not_called_ready() {
    let data = folder();
    let program = Program::up(STAGE, data.path()).await;
    let nats = nix::unistd::Pid::from_raw(program.service("nats-server")[0]);
    nix::sys::signal::kill(nats, Signal::SIGSTOP).unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while readiness(&program).await.is_success() {
        assert!(Instant::now() < patience, "it is noticed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    nix::sys::signal::kill(nats, Signal::SIGCONT).unwrap();
    ready_again(&program).await;
    assert!(program.end().await.success());
}

#[tokio::test]
async fn two_run_side_by_side() {
    let (one, other) = (folder(), folder());
    let (one, other) = tokio::join!(Program::up(STAGE, one.path()), Program::up(STAGE, other.path()));
    register(&one).await;
    assert!(can_log_in(&one).await);
    assert!(!can_log_in(&other).await, "each has its own data");
}

#[tokio::test]
async fn a_second_one_on_the_same_data_is_refused_in_one_sentence() {
    let data = folder();
    let program = Program::up(STAGE, data.path()).await;
    let refused = Program::try_up(STAGE, data.path(), &[]).await.err().expect("is refused");
    assert!(!refused.status.success());
    assert!(sentence(&refused.stderr).contains("is in use by another running stage"), "{}", refused.stderr);
    assert_eq!(readiness(&program).await, StatusCode::OK, "the first goes on");
}

#[tokio::test]
async fn a_taken_port_is_told_in_one_sentence_before_anything_is_started() {
    let data = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused =
        Program::try_up(STAGE, data.path(), &["--listen", &address]).await.err().expect("is refused");
    assert!(!refused.status.success());
    let sentence = sentence(&refused.stderr);
    assert!(sentence.contains(&address) && sentence.contains("--listen"), "{sentence}");
    assert!(!data.path().join("postgres").exists());
}

#[tokio::test]
async fn a_data_directory_may_be_deeper_than_a_socket_path_is_long() {
    let data = folder();
    let deep = data.path().join("a-folder-with-a-long-name/".repeat(6));
    assert!(deep.as_os_str().len() > 107);
    let program = Program::up(STAGE, &deep).await;
    assert_eq!(readiness(&program).await, StatusCode::OK);
}

#[tokio::test]
async fn secrets_and_data_are_for_their_owner_alone() {
    let data = folder();
    let program = Program::up(STAGE, data.path()).await;
    register(&program).await;
    assert!(program.end().await.success());
    let secrets = files(&data.path().join("secrets"));
    assert!(secrets.iter().any(|path| path.ends_with("master-key")));
    for path in secrets.iter().chain(&files(&data.path().join("logs"))) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is for its owner alone", path.display());
    }
}

#[tokio::test]
async fn a_lost_master_key_is_told_and_not_replaced() {
    let data = folder();
    let program = Program::up(STAGE, data.path()).await;
    assert!(program.end().await.success());
    let key = data.path().join("secrets/master-key");
    let away = data.path().join("key");
    fs::rename(&key, &away).unwrap();
    let refused = Program::try_up(STAGE, data.path(), &[]).await.err().expect("is refused");
    assert!(sentence(&refused.stderr).contains("master key"), "{}", refused.stderr);
    assert!(!key.exists());
    fs::rename(&away, &key).unwrap();
    Program::up(STAGE, data.path()).await;
}

fn files(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}
