use std::num::NonZeroUsize;

use clap::Args;
use serde_json::json;
use stage_projections::engine::{
    Rebuild, all,
    rebuild::{RebuildError, Rebuilding, Stand, rebuild},
};
use tokio::sync::watch;

use super::{OutputArgs, named, progress, say};
use crate::{failure::Failure, stop::Stop};

#[derive(Args)]
pub(super) struct RebuildArgs {
    /// The projections, as `stage projections status` names them.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All that can be rebuilt.
    #[arg(long)]
    all: bool,
    /// How many workers apply events at the same time; as many as there are processors where it isn't given.
    #[arg(long)]
    workers: Option<NonZeroUsize>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: RebuildArgs, stop: Stop) -> Result<(), Failure> {
    let chosen = match args.all {
        true => all().into_iter().filter(|projection| projection.rebuild() != Rebuild::Never).collect(),
        false => args.names.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?,
    };
    let workers = workers(args.workers);
    let reached = args.output.reach.open(connections(workers)).await?;
    for projection in chosen {
        let name = projection.name();
        let (stand, shown) = watch::channel(Stand::default());
        let with = Rebuilding { pool: reached.pool.clone(), workers, stand, stop: stop.gently.clone() };
        let showing = tokio::spawn(progress::show(name, args.output.json, shown));
        let rebuilt = rebuild(&with, projection).await;
        // It ends when nobody tells it anything any more.
        drop(with);
        let _ = showing.await;
        let position = rebuilt.map_err(|error| match error {
            RebuildError::Interrupted => Failure::Unfinished(name),
            error => error.into(),
        })?;
        let sentence = format!("{name} is rebuilt and serves, as of event {position}.");
        say(args.output.json, &json!({ "name": name, "phase": "done", "position": position }), &sentence)?;
    }
    Ok(())
}

pub(super) fn workers(given: Option<NonZeroUsize>) -> usize {
    given.or_else(|| std::thread::available_parallelism().ok()).map_or(2, NonZeroUsize::get)
}

/// What is read and asked beside the workers' own connections.
pub(super) fn connections(workers: usize) -> u32 {
    u32::try_from(workers).unwrap_or(8).min(8) + 2
}
