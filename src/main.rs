//! The program: where all rooms meet, and the only place where they do.
//!
//! Here live the command line, the services that `stage up` starts for itself, and the wiring of rooms to services.
//! No decision, no SQL on a room's table and no route. Start with `up.rs`, which reads from top to bottom what a
//! whole installation is made of; `serve.rs` and `work.rs` are its two halves.

mod account;
mod auditor;
mod banner;
mod cli;
mod config;
mod data_dir;
mod doctor;
mod failure;
mod keys;
mod log;
mod mail;
mod migrate;
mod openapi;
mod outbox;
mod pace;
mod post;
mod probe;
mod projections;
mod secret;
mod serve;
mod server;
mod services;
mod sink;
mod stop;
mod telemetry;
mod traces;
mod up;
mod wake;
mod wiring;
mod work;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use cli::{Cli, Command};
use failure::Failure;

/// Sorting posts allocates many small things: with the system's allocator a rebuild spends a third of its own time there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) | Err(Failure::Interrupted) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "stage: {}", failure.sentence());
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    let traces = telemetry::start(&cli.log, runtime.handle())?;
    let ended = runtime.block_on(async {
        let stop = stop::on_signals()?;
        match cli.command {
            Command::Up(args) => up::run(*args, stop).await,
            Command::Serve(args) => serve::run(*args, stop).await,
            Command::Work(args) => work::run(*args, stop).await,
            Command::Log(command) => log::run(command, stop).await,
            Command::Openapi => openapi::run(),
            Command::Account(args) => account::run(*args).await,
            Command::Post(args) => post::run(*args).await,
            Command::Keys(args) => keys::run(*args).await,
            Command::Auditor(args) => auditor::run(args).await,
            Command::Outbox(args) => outbox::run(args).await,
            Command::Mail(args) => mail::run(args).await,
            Command::Projections(args) => projections::run(args, stop).await,
            Command::Doctor(args) => doctor::run(*args).await,
            Command::Migrate(args) => migrate::run(args).await,
        }
    });
    traces.end();
    // What still runs in a blocking thread must not hold up the exit.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended
}
