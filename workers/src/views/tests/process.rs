//! Processes of a test's own, which end themselves by a signal when they reach a step: no destructor runs, no task is
//! told, and the kernel closes what they held.

use std::{
    io::Write,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use nix::sys::signal::{Signal, raise};
use sqlx::PgPool;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::house::{self, House, PATIENCE};
use crate::views::{Step, Steps, count::Counter, publish::Publisher};

const ROLE: &str = "STAGE_TEST_ROLE";
const STREAM: &str = "STAGE_TEST_STREAM";
const DATABASE: &str = "STAGE_TEST_DATABASE";
const DIR: &str = "STAGE_TEST_JOURNAL_DIR";
const END: &str = "STAGE_TEST_END";
const ANSWERED: &[u8] = b"answered\n";

/// What a process does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// Writes views down, answers them, and then publishes them.
    Answers,
    Counts,
}

/// Not a test by itself: what a process of the tests does. It says when a call is answered.
#[tokio::test]
async fn does_its_part_until_it_reaches_a_step() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let of = |name| std::env::var(name).unwrap();
    let mut settings = house::settings(of(STREAM));
    settings.journal_bytes = FILE_BYTES;
    settings.steps = ends_at(&of(END));
    let pool = PgPool::connect(&of(DATABASE)).await.unwrap();
    let nats = async_nats::connect(stage_testkit::nats_url()).await.unwrap();
    if role == "Counts" {
        return Counter::new(pool, nats, settings).run(CancellationToken::new()).await;
    }
    let journal = house::journal(of(DIR).as_ref(), &settings);
    for (seen, by) in house::calls(VIEWS) {
        journal.viewed(&seen, by).unwrap();
        // Straight to the pipe, past the test harness: these views are answered when this is written.
        std::io::stderr().write_all(ANSWERED).unwrap();
    }
    Publisher::new(journal, pool, nats, settings).run(CancellationToken::new()).await;
}

/// How many views a process that answers writes down, into several files.
pub(super) const VIEWS: u64 = 70;
const FILE_BYTES: u64 = 20 * 17;

/// `SIGKILL Read 2` ends the process the second time that something was read.
fn ends_at(end: &str) -> Steps {
    let parts: Vec<&str> = end.split(' ').collect();
    let [signal, step, nth] = parts[..] else { panic!("{end}") };
    let (signal, nth): (Signal, usize) = (signal.parse().unwrap(), nth.parse().unwrap());
    let (step, reached) = (step.to_owned(), AtomicUsize::new(0));
    Steps(Some(Arc::new(move |now| {
        if format!("{now:?}") == step && reached.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            raise(signal).unwrap();
        }
    })))
}

pub(super) struct OwnProcess {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl OwnProcess {
    pub(super) fn start(house: &House, role: Role, signal: Signal, step: Step, nth: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "views::tests::process::does_its_part_until_it_reaches_a_step", "--nocapture"])
            .env(ROLE, format!("{role:?}"))
            .env(STREAM, &house.settings.stream)
            .env(DATABASE, &house.database.url)
            .env(DIR, house.dir.path())
            .env(END, format!("{signal} {step:?} {nth}"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, said }
    }

    /// Waits until it has killed itself, and says how many calls it had answered.
    pub(super) async fn dies(mut self) -> usize {
        let mut answered = 0;
        let listening = async {
            while let Ok(Some(line)) = self.said.next_line().await {
                // The client and the database may have something to say too.
                answered += usize::from(line == "answered");
            }
            self.child.wait().await.unwrap()
        };
        let status: ExitStatus = timeout(PATIENCE, listening).await.expect("it dies at its step");
        assert_eq!(status.signal(), Some(Signal::SIGKILL as i32), "it ended otherwise: {status}");
        answered
    }

    /// Whether it is stopped, as by Ctrl-Z: it is there and holds what it held, and does nothing.
    pub(super) fn is_stopped(&self) -> bool {
        let id = self.child.id().expect("it runs");
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }
}
