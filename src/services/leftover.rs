//! What a killed run left behind.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// How we ask a service to end, first politely and then not.
#[derive(Clone, Copy)]
pub(super) struct Ending {
    pub(super) gentle: Signal,
    pub(super) hard: Signal,
}

/// Ends every process called `name` that works in `dir`, and comes back when none is left. PostgreSQL and NATS make
/// their data directory their working directory, so this cannot hit anybody else's. Only for the holder of the data
/// directory's lock.
pub(super) async fn clear(dir: &Path, name: &str, ending: Ending) {
    // The children of a killed program were told by the kernel and may be about to end by themselves.
    let steps = [
        (None, Duration::from_secs(2)),
        (Some(ending.gentle), Duration::from_secs(20)),
        (Some(ending.hard), Duration::from_secs(10)),
        (Some(Signal::SIGKILL), Duration::from_secs(5)),
    ];
    for (signal, patience) in steps {
        let found = working_in(dir, name);
        if found.is_empty() {
            return;
        }
        if let Some(signal) = signal {
            tracing::info!(service = name, processes = found.len(), %signal, "ending what an earlier run left");
            for pid in found {
                let _ = kill(pid, signal);
            }
        }
        let since = Instant::now();
        while since.elapsed() < patience && !working_in(dir, name).is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The processes of this name whose working directory is `dir`, as far as we may know.
pub(super) fn working_in(dir: &Path, name: &str) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            let proc = Path::new("/proc").join(pid.to_string());
            fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd == dir)
                && fs::read_to_string(proc.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
        })
        .map(Pid::from_raw)
        .collect()
}
