//! The verifier of this repository in another language.

use std::{
    path::Path,
    process::{Command, Output},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs it with the log's public key and these arguments.
pub fn verifier(key: &str, arguments: &[&Path]) -> Output {
    let python = Path::new(ROOT).join(".tools/venv/bin/python3");
    assert!(python.exists(), "run scripts/install test, or `make test`");
    Command::new(python)
        .arg(Path::new(ROOT).join("tests/verify_log.py"))
        .args(["--key", key])
        .args(arguments)
        .output()
        .expect("runs Python")
}
