use clap::Args;
use serde_json::json;
use stage_projections::engine::resume;

use super::{OutputArgs, known, say};
use crate::failure::Failure;

#[derive(Args)]
pub(super) struct ResumeArgs {
    /// The projection, as `stage projections status` names it.
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: ResumeArgs) -> Result<(), Failure> {
    let reached = args.output.reach.open(1).await?;
    let known = known(&reached.pool, &args.name).await?;
    resume(&reached.pool, known).await?;
    let sentence = format!("{} goes on within a second.", args.name);
    say(args.output.json, &json!({ "name": args.name, "state": "running" }), &sentence)
}
