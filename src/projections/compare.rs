use std::num::NonZeroUsize;

use clap::Args;
use serde_json::json;
use stage_projections::engine::rebuild::{RebuildError, Rebuilding, Stand, compare};
use tokio::sync::watch;

use super::{OutputArgs, named, progress, rebuild, say};
use crate::{failure::Failure, stop::Stop};

#[derive(Args)]
pub(super) struct CompareArgs {
    /// The projection, as `stage projections status` names it.
    name: String,
    /// How many workers apply events at the same time; as many as there are processors where it isn't given.
    #[arg(long)]
    workers: Option<NonZeroUsize>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: CompareArgs, stop: Stop) -> Result<(), Failure> {
    let projection = named(&args.name)?;
    let name = projection.name();
    let workers = rebuild::workers(args.workers);
    let reached = args.output.reach.open(rebuild::connections(workers)).await?;
    let (stand, shown) = watch::channel(Stand::default());
    let with = Rebuilding { pool: reached.pool.clone(), workers, stand, stop: stop.gently.clone() };
    let showing = tokio::spawn(progress::show(name, args.output.json, shown));
    let compared = compare(&with, projection).await;
    drop(with);
    let _ = showing.await;
    let same = compared.map_err(|error| match error {
        RebuildError::Interrupted => Failure::Interrupted,
        error => error.into(),
    })?;
    for difference in &same.differences {
        let sentence = format!("{} {}: {}", difference.table, difference.key, difference.what);
        let value = json!({ "table": difference.table, "key": difference.key, "what": difference.what });
        say(args.output.json, &value, &sentence)?;
    }
    let value = json!({
        "name": name, "position": same.position, "rows": same.rows, "different": same.different,
        "equal": same.different == 0,
    });
    let sentence = match same.different {
        0 => format!("{name} is equal: {} rows, as of event {}.", same.rows, same.position),
        _ => format!(
            "{name} differs in {} of {} rows, as of event {}.",
            same.different, same.rows, same.position
        ),
    };
    say(args.output.json, &value, &sentence)?;
    match same.different {
        0 => Ok(()),
        different => Err(Failure::Different { name, different }),
    }
}
