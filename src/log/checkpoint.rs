//! `stage log checkpoint`.

use std::io::Write as _;

use clap::Args;
use serde_json::json;
use stage_store::proof::{self, ProofError};

use super::{
    keys::KeyArgs,
    output::{self, OutputArgs},
};
use crate::{config::ReachArgs, failure::Failure};

#[derive(Args)]
pub(crate) struct CheckpointArgs {
    /// The last one that is about at most so many events, in place of the newest.
    #[arg(long)]
    size: Option<u64>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    reach: ReachArgs,
}

/// The note goes to stdout, so that it can be kept as it is, and whose signature it is to stderr.
pub(super) async fn run(args: CheckpointArgs) -> Result<(), Failure> {
    let keys = args.keys.keys(&args.reach)?;
    let reached = args.reach.open(1).await?;
    let signed = proof::checkpoint(&reached.pool, args.size).await?.ok_or(ProofError::NoCheckpoint)?;
    let keys: Vec<&str> = keys.iter().map(proof::PublicKey::as_str).collect();
    if !args.output.json {
        keys.iter()
            .try_for_each(|key| writeln!(std::io::stderr(), "public key: {key}"))
            .map_err(Failure::Output)?;
        return output::write(signed.note);
    }
    output::json(&json!({
        "size": signed.size,
        "position": signed.position,
        "signed_at": signed.signed_at,
        "note": signed.note,
        "public_keys": keys,
    }))
}
