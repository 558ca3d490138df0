//! What people may ask for about their data, on the real program, a file a right; and the master key behind it all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod cut_off;
mod erasure;
mod keys;
mod portability;
mod postgres;
mod redaction;
mod restriction;

use std::{path::Path, process::Output};

use common::{
    client::Client,
    program::{Program, command},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A person's values. Long and odd enough to be found nowhere by chance.
pub(crate) const PERSON: &[&str] = &[
    "Zenobia-Philomena",
    "Quackenbush-Ypsilon",
    "zenobia.quackenbush@example.org",
    "+49 30 6672914855",
    "a password like no other 5512",
    "z.ypsilon.corrected@example.org",
    "portrait-of-zenobia-771",
];
/// One pixel, and a text behind it.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4qportrait-of-zenobia-771";

/// What the program printed.
pub(crate) fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Of an installation that is reached by the address of its database.
pub(crate) fn account_at(url: &str, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_stage"))
        .arg("account")
        .args(arguments)
        .args(["--database-url", url, "--json"])
        .output()
        .unwrap()
}

pub(crate) fn account(data: &Path, arguments: &[&str]) -> Output {
    command(data, &[&["account"], arguments, &["--json"]].concat())
}

/// Registers the person, logs in, and gives her a stage with a picture.
pub(crate) async fn person(program: &Program) -> (Client, String) {
    let mut client = Client::new(&program.base);
    let person = json!({"first_name": PERSON[0], "last_name": PERSON[1], "email": PERSON[2], "phone": PERSON[3],
        "password": PERSON[4], "language": "de"});
    let id = client.post("/api/v1/accounts", person).await.expect(StatusCode::CREATED).id();
    let credentials = json!({"email": PERSON[2], "password": PERSON[4]});
    client.post("/api/v1/session", credentials).await.expect_success();
    let stage = json!({"name": "Rathaus", "handle": "rathaus"});
    let stage = client.post("/api/v1/stages", stage).await.expect_success().id();
    client.upload(&format!("/api/v1/stages/{stage}/media"), "image/png", PNG).await.expect_success();
    (client, id)
}
