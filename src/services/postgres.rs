//! A private PostgreSQL in `<data>/postgres`, reachable over a Unix socket in there and with a generated password.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    ConnectOptions as _, Connection as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::process::Command;

use super::{
    Services,
    child::{Deaths, Kept, Recipe},
    leftover::{self, Ending},
    nursery,
    user::{OpenDir, User, give},
};
use crate::{
    config::UpArgs,
    data_dir::{self, DataDir, append, write_private},
    failure::Failure,
};

const SERVICE: &str = "PostgreSQL";
const OLDEST: u32 = 15;
const NAME: &str = "stage";
const PASSWORD: &str = "postgres-password";
/// Where a server writes its process's number: for its data and for its socket.
const LOCK_FILES: [&str; 2] = ["postmaster.pid", ".s.PGSQL.5432.lock"];
/// Fast shutdown, then immediate shutdown, in PostgreSQL's words.
const ENDING: Ending = Ending { gentle: Signal::SIGINT, hard: Signal::SIGQUIT };

/// What the server is told at each start. Its own configuration file stays as initdb wrote it, so that an upgrade of
/// this program reaches old data too. No statement and no value may come into its log.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_directories=.",
    "unix_socket_permissions=0700",
    "cluster_name=stage",
    "max_connections=100",
    "shared_buffers=128MB",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "logging_collector=off",
    "log_destination=stderr",
    "log_statement=none",
    "log_duration=off",
    "log_min_duration_statement=-1",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "log_checkpoints=off",
];

/// Brings the server up, after whatever an earlier run left is gone, and says how to connect.
pub(super) async fn start(
    services: &mut Services,
    args: &UpArgs,
    data: &DataDir,
) -> Result<PgConnectOptions, Failure> {
    let dir = data.join("postgres");
    let log = data.log_path("postgres");
    let password = data.secret(PASSWORD)?;
    let bin = programs(args.pg_bin.as_deref(), &dir)?;
    let user = services.user;
    if !dir.exists() {
        create(&bin, data, user.as_ref(), &password).await?;
    }
    leftover::clear(&dir, "postgres", ENDING).await;
    let open = Arc::new(OpenDir::open(&dir)?);
    let recipe = Recipe {
        service: SERVICE,
        process: "postgres",
        dir: dir.clone(),
        log: log.clone(),
        ending: ENDING,
        command: Box::new({
            let (open, log) = (open.clone(), log.clone());
            move || server(&bin, &open, &dir, user.as_ref(), &log)
        }),
    };
    let kept = Kept::start(&services.nursery, recipe).await?;
    let deaths = kept.deaths();
    // From here on it is ended with the others, also when it never gets ready.
    services.kept.push(kept);
    let options = options(&open, &password);
    ready(&options, &deaths, &log).await?;
    Ok(options.database(NAME))
}

/// How to connect to the server that another process keeps on this data directory. The connections need the
/// directory open as long as new ones may be made.
pub(crate) fn of(data: &Path) -> Result<(PgConnectOptions, OpenDir), Failure> {
    let password = data_dir::secret_of(data, PASSWORD)?.ok_or_else(|| Failure::NotUp(data.to_owned()))?;
    let open = OpenDir::open(&data.join("postgres"))?;
    let options = options(&open, &password).database(NAME);
    Ok((options, open))
}

fn options(socket: &OpenDir, password: &SecretString) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket.alias())
        .port(5432)
        .username(NAME)
        .password(password.expose_secret())
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging()
}

/// Waits until the server answers, and makes the database at the first time.
async fn ready(options: &PgConnectOptions, deaths: &Deaths, log: &Path) -> Result<(), Failure> {
    // Recovery after a crash replays what was written since the last checkpoint.
    const PATIENCE: Duration = Duration::from_secs(120);
    let started = Instant::now();
    let options = options.clone().database("postgres");
    let mut connection = loop {
        match options.connect().await {
            Ok(connection) => break connection,
            Err(error) if deaths.too_many() || started.elapsed() > PATIENCE => {
                return Err(not_started(log, error));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(NAME)
        .fetch_one(&mut connection)
        .await
        .map_err(Failure::Database)?;
    if !there {
        sqlx::query("CREATE DATABASE stage").execute(&mut connection).await.map_err(Failure::Database)?;
    }
    connection.close().await.map_err(Failure::Database)
}

/// Writes a new cluster beside its place and moves it there, so that a kill half-way leaves nothing half-made.
async fn create(
    bin: &Path,
    data: &DataDir,
    user: Option<&User>,
    password: &SecretString,
) -> Result<(), Failure> {
    let new = data.join("postgres.new");
    let failed = |source| Failure::DataDir { path: new.clone(), source };
    if new.exists() {
        fs::remove_dir_all(&new).map_err(failed)?;
    }
    let new = data.dir("postgres.new")?;
    let cluster = data.dir("postgres.new/cluster")?;
    let password_file = new.join("password");
    write_private(&password_file, password.expose_secret()).map_err(failed)?;
    [&cluster, &password_file, &new].into_iter().try_for_each(|path| give(user, path))?;
    let open = OpenDir::open(&new)?;
    let mut initdb = nursery::command(&bin.join("initdb"), "KILL", user);
    initdb
        .arg("--pgdata")
        .arg(open.alias().join("cluster"))
        .arg("--pwfile")
        .arg(open.alias().join("password"))
        .args(["--username", NAME, "--auth", "scram-sha-256"])
        .args(["--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"])
        .current_dir("/")
        .env_remove("PGDATA")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let log = data.log_path("postgres");
    let output = append(&log)?;
    initdb.stdout(output.try_clone().map_err(failed)?).stderr(output);
    let status = initdb.status().await.map_err(|error| not_started(&log, error))?;
    if !status.success() {
        return Err(not_started(&log, format!("initdb ended with {status}")));
    }
    let place = data.join("postgres");
    fs::rename(&cluster, &place).map_err(failed)?;
    fs::File::open(data.path()).and_then(|dir| dir.sync_all()).map_err(failed)?;
    fs::remove_dir_all(&new).map_err(failed)
}

fn server(
    bin: &Path,
    open: &OpenDir,
    dir: &Path,
    user: Option<&User>,
    log: &Path,
) -> Result<Command, Failure> {
    // We hold the lock on the data directory and nobody works in the cluster any more, so these files are leftovers;
    // the server would refuse to start when the number in them has meanwhile gone to another process, or belongs
    // to a killed one that nobody has reaped.
    if leftover::working_in(dir, "postgres").is_empty() {
        LOCK_FILES.iter().try_for_each(|name| remove(&dir.join(name)))?;
    }
    let output = append(log)?;
    let errors = output.try_clone().map_err(|source| Failure::DataDir { path: log.to_owned(), source })?;
    let mut command = nursery::command(&bin.join("postgres"), "INT", user);
    command.arg("-D").arg(open.alias());
    SETTINGS.iter().for_each(|setting| {
        command.args(["-c", setting]);
    });
    command.current_dir("/").stdout(output).stderr(errors);
    Ok(command)
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::DataDir { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn not_started(log: &Path, reason: impl ToString) -> Failure {
    Failure::NotStarted { service: SERVICE, reason: reason.to_string(), log: log.to_owned() }
}

/// Finds the programs: of the version that wrote the data, or else the newest.
fn programs(given: Option<&Path>, dir: &Path) -> Result<PathBuf, Failure> {
    let written_by =
        fs::read_to_string(dir.join("PG_VERSION")).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let mut found: Vec<(u32, PathBuf)> = candidates(given)
        .into_iter()
        .filter(|bin| bin.join("initdb").is_file())
        .filter_map(|bin| Some((major(&bin.join("postgres"))?, bin)))
        .filter(|(major, _)| *major >= OLDEST)
        .collect();
    // The sort is stable, so that of two with the same version the earlier place wins.
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    match written_by {
        Some(major) => found
            .into_iter()
            .find_map(|(found, bin)| (found == major).then_some(bin))
            .ok_or_else(|| Failure::OtherPostgres { path: dir.to_owned(), major }),
        None => found.into_iter().map(|(_, bin)| bin).next().ok_or(Failure::Missing {
            program: "PostgreSQL 15 or newer",
            remedy: "sudo apt-get install postgresql",
        }),
    }
}

fn candidates(given: Option<&Path>) -> Vec<PathBuf> {
    if let Some(given) = given {
        return vec![given.to_owned()];
    }
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(packaged.map(|version| version.path().join("bin"))).collect()
}

/// The major version that `postgres --version` tells: `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major(postgres: &Path) -> Option<u32> {
    let output = std::process::Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(2)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
