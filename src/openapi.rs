//! `stage openapi`.

use std::io::{self, Write as _};

use crate::failure::Failure;

/// Prints the published contract.
pub(crate) fn run() -> Result<(), Failure> {
    let document = stage_http::openapi().to_pretty_json().map_err(Failure::OpenApi)?;
    writeln!(io::stdout(), "{document}").map_err(Failure::Http)
}
