use clap::Args;
use serde_json::json;
use stage_projections::engine::pause;

use super::{OutputArgs, known, say};
use crate::failure::Failure;

#[derive(Args)]
pub(super) struct PauseArgs {
    /// The projection, as `stage projections status` names it.
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: PauseArgs) -> Result<(), Failure> {
    let reached = args.output.reach.open(1).await?;
    let known = known(&reached.pool, &args.name).await?;
    pause(&reached.pool, known).await?;
    let sentence = format!("{} stands still until `stage projections resume {}`.", args.name, args.name);
    say(args.output.json, &json!({ "name": args.name, "state": "paused" }), &sentence)
}
