//! `stage projections`: what an operator sees of the read models and may do to them, while they serve. One file per
//! subcommand.

mod compare;
mod pause;
mod progress;
mod rebuild;
mod resume;
mod skip;
mod status;

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use clap::{Args, Subcommand};
use serde_json::Value;
use sqlx::PgPool;
use stage_projections::engine::{Known, Projection, all};

use crate::{config::ReachArgs, failure::Failure, stop::Stop};

#[derive(Args)]
pub(crate) struct ProjectionsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows how far each projection is, what stops it, and what to do.
    Status(status::StatusArgs),
    /// Makes the tables of projections anew from the log, while the old ones serve. Goes on where an earlier run was ended.
    Rebuild(rebuild::RebuildArgs),
    /// Builds a projection once more beside the live tables and compares both, row for row.
    Compare(compare::CompareArgs),
    /// Lets a projection stand still.
    Pause(pause::PauseArgs),
    /// Lets a projection go on that is paused, or lets one that has failed try its event again.
    Resume(resume::ResumeArgs),
    /// Lets a projection that has failed go on behind the event that it cannot apply. The log keeps the reason.
    Skip(skip::SkipArgs),
}

#[derive(Args)]
struct OutputArgs {
    /// Prints JSON, one object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: ReachArgs,
}

pub(crate) async fn run(args: ProjectionsArgs, stop: Stop) -> Result<(), Failure> {
    match args.command {
        Command::Status(args) => status::run(args).await,
        Command::Rebuild(args) => rebuild::run(args, stop).await,
        Command::Compare(args) => compare::run(args, stop).await,
        Command::Pause(args) => pause::run(args).await,
        Command::Resume(args) => resume::run(args).await,
        Command::Skip(args) => skip::run(args).await,
    }
}

/// What has this name and may be paused: a projection, or a recipient's consumer.
async fn known(pool: &PgPool, name: &str) -> Result<Known, Failure> {
    let all = Known::all(pool).await?;
    let names = || all.iter().map(|known| known.name.as_str()).collect::<Vec<_>>().join(", ");
    let missing = || Failure::NoProjection { name: name.to_owned(), known: names() };
    all.iter().find(|known| known.name == name).cloned().ok_or_else(missing)
}

/// The projection of this name, which can be rebuilt.
fn named(name: &str) -> Result<Arc<dyn Projection>, Failure> {
    if name.starts_with("outbox_") {
        return Err(Failure::NeverRebuilt(name.to_owned()));
    }
    all().into_iter().find(|projection| projection.name() == name).ok_or_else(|| Failure::NoProjection {
        name: name.to_owned(),
        known: all().iter().map(|projection| projection.name()).collect::<Vec<_>>().join(", "),
    })
}

/// One line on stdout: JSON for machines, or a sentence.
fn say(json: bool, value: &Value, sentence: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(out, "{value}"),
        false => writeln!(out, "{sentence}"),
    }
    .map_err(Failure::Output)
}
