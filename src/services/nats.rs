//! A private NATS with JetStream in `<data>/nats`, on a free port of the loopback interface and with a generated
//! password.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::Command;

use super::{
    Services,
    child::{Deaths, Kept, Recipe},
    leftover::{self, Ending},
    nursery,
    user::{OpenDir, User, give},
};
use crate::{
    data_dir::{DataDir, append, secret_of, write_private},
    failure::Failure,
};

const SERVICE: &str = "NATS";
const PROCESS: &str = "nats-server";
const PASSWORD: &str = "nats-password";
const CONFIGURATION: &str = "nats.conf";
const ENDING: Ending = Ending { gentle: Signal::SIGTERM, hard: Signal::SIGKILL };

/// How to reach a NATS server.
#[derive(Clone)]
pub(crate) struct NatsAddress {
    /// May hold a password.
    pub(crate) url: SecretString,
    pub(crate) login: Option<(String, SecretString)>,
}

/// Brings the server up, after whatever an earlier run left is gone.
pub(super) async fn start(services: &mut Services, data: &DataDir) -> Result<NatsAddress, Failure> {
    let dir = data.dir("nats")?;
    let log = data.log_path("nats");
    let password = data.secret(PASSWORD)?;
    let program = program()?;
    let user = services.user;
    give(user.as_ref(), &dir)?;
    leftover::clear(&dir, PROCESS, ENDING).await;
    forget_ports(&dir)?;
    configure(&dir, user.as_ref(), None, &password)?;
    let open = OpenDir::open(&dir)?;
    let recipe = Recipe {
        service: SERVICE,
        process: PROCESS,
        dir: dir.clone(),
        log: log.clone(),
        ending: ENDING,
        command: Box::new({
            let log = log.clone();
            move || server(&program, &open, user.as_ref(), &log)
        }),
    };
    let kept = Kept::start(&services.nursery, recipe).await?;
    let deaths = kept.deaths();
    services.kept.push(kept);
    let port = port(&dir, &deaths, &log).await?;
    // Started again, it has to come back where its clients look for it.
    configure(&dir, user.as_ref(), Some(port), &password)?;
    Ok(address(port, password))
}

/// How to reach the server that another process keeps on this data directory.
pub(crate) fn of(data: &Path) -> Result<NatsAddress, Failure> {
    let not_up = || Failure::NotUp(data.to_owned());
    let password = secret_of(data, PASSWORD)?.ok_or_else(not_up)?;
    let port = told_port(&data.join("nats")).ok_or_else(not_up)?;
    Ok(address(port, password))
}

fn address(port: u16, password: SecretString) -> NatsAddress {
    NatsAddress { url: format!("nats://127.0.0.1:{port}").into(), login: Some(("stage".into(), password)) }
}

/// Waits until the server says which port it took.
async fn port(dir: &Path, deaths: &Deaths, log: &Path) -> Result<u16, Failure> {
    const PATIENCE: Duration = Duration::from_secs(60);
    let started = Instant::now();
    loop {
        if let Some(port) = told_port(dir) {
            return Ok(port);
        }
        if deaths.too_many() || started.elapsed() > PATIENCE {
            let reason = if deaths.too_many() { "it ends at once" } else { "it is not ready in time" };
            return Err(Failure::NotStarted { service: SERVICE, reason: reason.into(), log: log.to_owned() });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn told_port(dir: &Path) -> Option<u16> {
    ports_files(dir).iter().find_map(|path| port_in(&fs::read_to_string(path).ok()?))
}

/// `{"nats":["nats://127.0.0.1:41063"]}`
fn port_in(text: &str) -> Option<u16> {
    let ports: serde_json::Value = serde_json::from_str(text).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}

fn ports_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "ports"))
        .collect()
}

fn forget_ports(dir: &Path) -> Result<(), Failure> {
    ports_files(dir)
        .into_iter()
        .try_for_each(|path| fs::remove_file(&path).map_err(|source| Failure::DataDir { path, source }))
}

/// Paths in it are relative, because the server may not be able to walk to its directory.
fn configure(
    dir: &Path,
    user: Option<&User>,
    port: Option<u16>,
    password: &SecretString,
) -> Result<(), Failure> {
    let path = dir.join(CONFIGURATION);
    let port = port.map_or(-1, i32::from);
    let text = format!(
        "server_name: stage\nlisten: \"127.0.0.1:{port}\"\nports_file_dir: \".\"\n\
         authorization {{ user: stage, password: \"{}\" }}\njetstream {{ store_dir: \".\" }}\n",
        password.expose_secret()
    );
    write_private(&path, &text).map_err(|source| Failure::DataDir { path: path.clone(), source })?;
    give(user, &path)
}

fn server(program: &Path, open: &OpenDir, user: Option<&User>, log: &Path) -> Result<Command, Failure> {
    let failed = |source| Failure::DataDir { path: log.to_owned(), source };
    let output = append(log)?;
    let mut command = nursery::command(program, "TERM", user);
    command.args(["-c", CONFIGURATION]).current_dir(open.alias());
    command.stdout(output.try_clone().map_err(failed)?).stderr(output);
    Ok(command)
}

fn program() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/bin".into()])
        .map(|dir| dir.join(PROCESS))
        .find(|program| program.is_file())
        .ok_or(Failure::Missing { program: "nats-server", remedy: "sudo apt-get install nats-server" })
}
