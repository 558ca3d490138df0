//! `stage log prove`.

use clap::{ArgGroup, Args};
use serde_json::{Value, json};
use stage_store::{
    Position,
    proof::{self, Consistency, Head, Inclusion},
};

use super::{
    keys::KeyArgs,
    output::{self, OutputArgs},
};
use crate::{config::ReachArgs, failure::Failure};

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["position", "from"])))]
pub(crate) struct ProveArgs {
    /// Proves that the event at this position is in the log, as a C2SP tlog-proof.
    #[arg(conflicts_with = "to")]
    position: Option<Position>,
    /// Proves that a log of so many events is the beginning of a later one.
    #[arg(long, value_name = "SIZE")]
    from: Option<u64>,
    /// The later one; without it, that of the last checkpoint.
    #[arg(long, value_name = "SIZE", requires = "from")]
    to: Option<u64>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    reach: ReachArgs,
}

pub(super) async fn run(args: ProveArgs) -> Result<(), Failure> {
    let keys = args.keys.keys(&args.reach)?;
    let keys = (!keys.is_empty()).then_some(keys.as_slice());
    let reached = args.reach.open(2).await?;
    let json = args.output.json;
    match (args.position, args.from) {
        (Some(position), _) => {
            let proof = proof::inclusion(&reached.pool, position, keys).await?;
            if json { output::json(&inclusion(&proof)) } else { output::write(proof.to_text()) }
        }
        (None, from) => {
            let proof = proof::consistency(&reached.pool, from.unwrap_or(0), args.to, keys).await?;
            if json { output::json(&consistency(&proof)) } else { output::write(proof.to_text()) }
        }
    }
}

fn inclusion(proof: &Inclusion) -> Value {
    json!({
        "position": proof.position,
        "index": proof.index,
        "leaf": proof::base64(&proof.leaf),
        "path": proof.path.iter().map(proof::base64).collect::<Vec<_>>(),
        "size": proof.size,
        "root": proof::base64(&proof.root),
        "checkpoint": proof.note,
    })
}

fn consistency(proof: &Consistency) -> Value {
    let head = |head: &Head| json!({ "size": head.size, "root": proof::base64(&head.root), "checkpoint": head.note });
    json!({
        "from": head(&proof.from),
        "to": head(&proof.to),
        "path": proof.path.iter().map(proof::base64).collect::<Vec<_>>(),
    })
}
