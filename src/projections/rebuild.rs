use std::{num::NonZeroUsize, sync::Arc};

use clap::Args;
use serde_json::json;
use stage_projections::engine::{
    Projection, Rebuild, all,
    rebuild::{RebuildError, Rebuilding, Stand, give_up, rebuild},
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
    /// Drops what a rebuild has made that was ended, instead of going on with it. The live tables stay as they are.
    #[arg(long, conflicts_with = "workers")]
    give_up: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: RebuildArgs, stop: Stop) -> Result<(), Failure> {
    let chosen = match args.all {
        true => all().into_iter().filter(|projection| projection.rebuild() != Rebuild::Never).collect(),
        false => args.names.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?,
    };
    if args.give_up {
        return drop_begun(chosen, &args.output).await;
    }
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

async fn drop_begun(chosen: Vec<Arc<dyn Projection>>, output: &OutputArgs) -> Result<(), Failure> {
    let reached = output.reach.open(2).await?;
    for projection in chosen {
        let name = projection.name();
        let (phase, sentence) = match give_up(&reached.pool, projection).await? {
            true => ("given_up", format!("The rebuild of {name} is given up; the tables that serve stay.")),
            false => ("none", format!("There is no rebuild of {name} to give up.")),
        };
        say(output.json, &json!({ "name": name, "phase": phase }), &sentence)?;
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
