//! A PostgreSQL server of one test's own, which it may kill.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

pub(crate) struct Cluster {
    bin: PathBuf,
    dir: tempfile::TempDir,
}

impl Cluster {
    /// A new cluster, started. `settings` are lines of postgresql.conf.
    pub(crate) fn start(settings: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("stage-cluster.").tempdir_in("/tmp").unwrap();
        let cluster = Self { bin: bin(), dir };
        if is_root() {
            let chown = Command::new("chown").arg("postgres").arg(cluster.dir.path()).status().unwrap();
            assert!(chown.success());
        }
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        let socket = cluster.dir.path().display();
        let conf = format!(
            "listen_addresses = ''\nunix_socket_directories = '{socket}'\nfsync = off\nmax_connections = 100\n\
             log_min_messages = fatal\n{settings}\n"
        );
        // Written by the one who owns the folder, and last, since the last value counts.
        let text = Path::new(&data).join("stage.conf");
        cluster.shell(&format!("cat > {} <<'CONF'\n{conf}\nCONF", text.display()));
        cluster.shell(&format!("echo \"include 'stage.conf'\" >> {data}/postgresql.conf"));
        cluster.begin();
        cluster
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.dir.path().display())
    }

    pub(crate) fn begin(&self) {
        let log = format!("{}/log", self.dir.path().display());
        self.run("pg_ctl", &["-D", &self.data(), "-l", &log, "-s", "-w", "start"]);
    }

    /// Ends every process at once, as a power cut would but for what the operating system has in its cache.
    pub(crate) fn crash(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-s", "-w", "stop"]);
    }

    /// A dump in PostgreSQL's own form, as a backup of the operator's would be one.
    pub(crate) fn dump(&self) -> Vec<u8> {
        let output =
            self.command(&self.bin.join("pg_dump")).args(["-Fc", "-d", &self.url()]).output().unwrap();
        assert!(output.status.success(), "pg_dump: {}", said(&output));
        output.stdout
    }

    /// Reads a dump into this cluster.
    pub(crate) fn restore(&self, dump: &[u8]) {
        let mut command = self.command(&self.bin.join("pg_restore"));
        command.args(["--exit-on-error", "-d", &self.url()]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(dump).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "pg_restore: {}", said(&output));
    }

    fn data(&self) -> String {
        format!("{}/data", self.dir.path().display())
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self.command(&self.bin.join(program));
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", said(&output));
    }

    fn shell(&self, line: &str) {
        let output = self.command(Path::new("sh")).args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &Path) -> Command {
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.current_dir(self.dir.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = self.command(&self.bin.join("pg_ctl"));
        let _ = command.args(["-D", &self.data(), "-m", "immediate", "-s", "-w", "stop"]).output();
    }
}

/// The newest PostgreSQL of this machine.
fn bin() -> PathBuf {
    let line = "ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; command -v initdb";
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    let first = found.lines().next().expect("PostgreSQL is installed: run scripts/install");
    let path = PathBuf::from(first);
    if path.ends_with("initdb") { path.parent().unwrap().to_owned() } else { path }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
