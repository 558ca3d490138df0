//! `stage log …`: what auditors and operators ask the log itself. A file a subcommand; what they print is in
//! `output.rs`. Each takes `--json`.

mod export;
mod output;

use clap::Subcommand;

use crate::{failure::Failure, stop::Stop};

#[derive(Subcommand)]
pub(crate) enum LogCommand {
    /// Writes events as one line of JSON each, enough to recompute the tree of proofs with nothing of ours.
    Export(export::ExportArgs),
}

pub(crate) async fn run(command: LogCommand, stop: Stop) -> Result<(), Failure> {
    match command {
        LogCommand::Export(args) => export::run(args, &stop).await,
    }
}
