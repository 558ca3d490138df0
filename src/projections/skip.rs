use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use stage_projections::engine::skip;

use super::{OutputArgs, known, say};
use crate::failure::Failure;

#[derive(Args)]
pub(super) struct SkipArgs {
    /// The projection, as `stage projections status` names it.
    name: String,
    /// The position of the event, as the status shows it. Another one is refused.
    position: i64,
    /// Why, in a line that the log keeps for ever. It must name nobody.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: SkipArgs) -> Result<(), Failure> {
    let reached = args.output.reach.open(2).await?;
    let known = known(&reached.pool, &args.name).await?;
    skip(&reached.pool, known, args.position, &args.reason, now()).await?;
    let sentence = format!("{} goes on behind event {}, without it.", args.name, args.position);
    say(
        args.output.json,
        &json!({ "name": args.name, "skipped": args.position, "state": "running" }),
        &sentence,
    )
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
