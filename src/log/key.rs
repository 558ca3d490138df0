//! `stage log key`.

use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::json;
use stage_store::proof::NotaryKey;

use super::output::{self, OutputArgs};
use crate::{data_dir::write_private, failure::Failure, secret};

#[derive(Args)]
pub(crate) struct NewKeyArgs {
    /// The log's name, which is in every checkpoint: an address without a scheme that is yours, such as
    /// `stage.example.org/log`.
    name: String,
    /// Where to write the private key; a file that is there is not overwritten.
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Writes the private key into a file and prints the public one.
pub(super) fn run(args: &NewKeyArgs) -> Result<(), Failure> {
    let failed = |source| Failure::DataDir { path: args.file.clone(), source };
    if args.file.exists() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    let key = new(&args.name)?;
    write_private(&args.file, key.to_text().expose_secret()).map_err(failed)?;
    match args.output.json {
        true => output::json(&json!({ "public_key": key.public().as_str(), "file": args.file })),
        false => output::write(format!("{}\n", key.public().as_str())),
    }
}

/// A key from the operating system's randomness.
pub(crate) fn new(name: &str) -> Result<NotaryKey, Failure> {
    NotaryKey::new(name, &secret::bytes()).map_err(Failure::NotaryKey)
}
