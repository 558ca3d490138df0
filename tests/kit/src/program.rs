use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

/// Longer than the program itself has patience: after a kill PostgreSQL writes every file of its data through to the disk,
/// which takes minutes when others use the disk. When it is too long the program says so.
const PATIENCE: Duration = Duration::from_secs(240);

/// The real program, as `stage up` on a free port. Killed when it is dropped.
pub struct Program {
    child: Child,
    said: JoinHandle<String>,
    /// Where it answers, for instance `http://127.0.0.1:41063`.
    pub address: String,
}

/// How the program said no.
pub struct Refused {
    pub status: ExitStatus,
    pub stderr: String,
}

impl Program {
    /// Starts `binary` (a test writes `env!("CARGO_BIN_EXE_stage")`) on a data directory, and waits until it is
    /// ready.
    pub async fn up(binary: &str, data: &Path) -> Self {
        Self::up_with(binary, data, &[]).await
    }

    /// The same with more arguments.
    pub async fn up_with(binary: &str, data: &Path, arguments: &[&str]) -> Self {
        match Self::try_up(binary, data, arguments).await {
            Ok(program) => program,
            Err(refused) => panic!("the program did not start, {}: {}", refused.status, refused.stderr),
        }
    }

    /// The same, for a start that may be refused.
    pub async fn try_up(binary: &str, data: &Path, arguments: &[&str]) -> Result<Self, Refused> {
        let data = data.to_str().expect("a path in UTF-8");
        let mut all = vec!["up", "--data-dir", data];
        all.extend(arguments);
        // Sources of tests are on this machine.
        Self::start(binary, &all, &[("STAGE_ALLOW_PRIVATE_ADDRESSES", "true")]).await
    }

    /// A subcommand that serves, with settings in the environment.
    pub async fn start(
        binary: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self, Refused> {
        let mut command = Command::new(binary);
        command.args(arguments).arg("--json");
        if !arguments.iter().any(|argument| argument.ends_with("listen")) {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        // What a developer has set for their own use stays out.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STAGE_")) {
            command.env_remove(name);
        }
        let mut child = command
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("starts the program");
        let mut stderr = child.stderr.take().expect("has stderr");
        let said = tokio::spawn(async move {
            let mut said = Vec::new();
            let _ = stderr.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        });
        let mut lines = BufReader::new(child.stdout.take().expect("has stdout")).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("is ready in time");
        if let Some(line) = first.expect("reads stdout") {
            let ready: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
            let address = ready["address"].as_str().expect("tells its address").to_owned();
            return Ok(Self { child, said, address });
        }
        let status = child.wait().await.expect("ends");
        Err(Refused { status, stderr: said.await.expect("reads stderr") })
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.child.id().and_then(|pid| i32::try_from(pid).ok()).expect("is running")
    }

    /// Every process that it started, and that those started.
    #[must_use]
    pub fn descendants(&self) -> BTreeSet<i32> {
        let all: Vec<(i32, i32)> = processes().collect();
        let (mut found, mut parents) = (BTreeSet::new(), vec![self.pid()]);
        while let Some(one) = parents.pop() {
            let children = all.iter().filter(|(_, parent)| *parent == one).map(|(pid, _)| *pid);
            parents.extend(children.clone());
            found.extend(children);
        }
        found
    }

    /// The processes of this name among them, the one started first in front.
    #[must_use]
    pub fn service(&self, name: &str) -> Vec<i32> {
        let is_it = |pid: &i32| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name)
        };
        self.descendants().into_iter().filter(is_it).collect()
    }

    /// As Ctrl-C or an operator's SIGTERM does.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("sends the signal");
    }

    /// Presses Ctrl-C and waits for the end.
    pub async fn end(mut self) -> ExitStatus {
        self.signal(Signal::SIGINT);
        self.ended().await
    }

    /// The same, and gives back everything that it wrote to stderr.
    pub async fn end_and_tell(mut self) -> String {
        self.signal(Signal::SIGINT);
        let status = self.ended().await;
        let said = self.said.await.expect("reads stderr");
        assert!(status.success(), "ended with {status}: {said}");
        said
    }

    /// Waits for the end.
    pub async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("ends in time").expect("ends")
    }

    /// `kill -9`, of the program alone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("kills the program");
    }

    /// `kill -9` of the program and everything that it started.
    pub async fn kill_all(&mut self) {
        let all = self.descendants();
        self.kill().await;
        for pid in all {
            // Some may have ended by themselves just now.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// Waits until none of these processes runs any more, and says which still do after a while.
pub async fn is_running(processes: &BTreeSet<i32>) -> BTreeSet<i32> {
    let since = Instant::now();
    loop {
        let running: BTreeSet<i32> = processes.iter().copied().filter(|pid| runs(*pid)).collect();
        if running.is_empty() || since.elapsed() > Duration::from_secs(30) {
            return running;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn runs(pid: i32) -> bool {
    // One that has ended and that nobody has asked about yet is in state Z.
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

/// All processes, each with its parent.
fn processes() -> impl Iterator<Item = (i32, i32)> {
    let entries = fs::read_dir("/proc").expect("reads /proc").flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| Some((pid, stat(pid)?.1)))
}

/// State and parent, which follow the name in parentheses.
fn stat(pid: i32) -> Option<(String, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
