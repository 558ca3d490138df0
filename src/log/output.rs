//! What the subcommands print.

use std::io::{self, Write as _};

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct OutputArgs {
    /// Prints one object of JSON in place of text for people.
    #[arg(long)]
    pub(crate) json: bool,
}

/// One line of JSON.
pub(super) fn json(answer: &impl Serialize) -> Result<(), Failure> {
    write(format!("{}\n", serde_json::to_string(answer).map_err(Failure::Json)?))
}

impl OutputArgs {
    /// Prints the answer as JSON, or as `text` makes it.
    pub(super) fn print<T: Serialize>(
        &self,
        answer: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        match self.json {
            true => json(answer),
            false => write(text(answer)),
        }
    }
}

/// To stdout. Who reads us may have had enough, as `head` has; that is no failure of ours.
pub(super) fn write(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Interrupted),
        result => result.map_err(Failure::Output),
    }
}
