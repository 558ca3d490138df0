//! `stage log …`: what auditors and operators ask the log itself. A file a subcommand; what they print is in
//! `output.rs`. Each takes `--json`.

mod checkpoint;
mod export;
pub(crate) mod key;
mod keys;
mod output;
mod prove;
mod show;
mod standing;
mod status;
mod tail;
mod verify;

use clap::Subcommand;

use crate::{failure::Failure, stop::Stop};

#[derive(Subcommand)]
pub(crate) enum LogCommand {
    /// Re-reads the whole log and compares it with every checkpoint that was signed.
    Verify(verify::VerifyArgs),
    /// Prints a signed checkpoint: keep one elsewhere, and nobody can change what it is about unnoticed.
    Checkpoint(checkpoint::CheckpointArgs),
    /// Proves that an event is in the log, or that an earlier log is the beginning of a later one.
    Prove(prove::ProveArgs),
    /// Makes a key for signing the log with, for an operator. `stage up` makes its own.
    Key(key::NewKeyArgs),
    /// Writes events as one line of JSON each, enough to recompute the tree of proofs with nothing of ours.
    Export(export::ExportArgs),
    /// Shows a stream as it is, or as it was at a past moment: its events and the state that they lead to.
    Show(show::ShowArgs),
    /// Shows events as they are appended, until Ctrl-C.
    Tail(tail::TailArgs),
    /// Says how far the log is, and which appends hold its readers back.
    Status(status::StatusArgs),
}

pub(crate) async fn run(command: LogCommand, stop: Stop) -> Result<(), Failure> {
    match command {
        LogCommand::Verify(args) => verify::run(args, &stop).await,
        LogCommand::Checkpoint(args) => checkpoint::run(args).await,
        LogCommand::Prove(args) => prove::run(args).await,
        LogCommand::Key(args) => key::run(&args),
        LogCommand::Export(args) => export::run(args, &stop).await,
        LogCommand::Show(args) => show::run(args, &stop).await,
        LogCommand::Tail(args) => tail::run(args, &stop).await,
        LogCommand::Status(args) => status::run(args, &stop).await,
    }
}
