//! Archives, from and to files.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use futures::TryStreamExt as _;
use secrecy::SecretString;
use serde_json::json;
use stage_commands::{Commands, accounts::Disclosure};
use stage_domain::AccountId;
use stage_projections::outbox::{Deliveries, DisclosureView};

use super::request;
use crate::failure::Failure;

/// Only its owner may read it. One that could not be finished is taken away again.
pub(super) async fn export(
    commands: &Commands,
    account: AccountId,
    to: &Path,
    json: bool,
) -> Result<(), Failure> {
    let told = Deliveries::new(commands.log.pool().clone()).disclosures(account).await?;
    let told = told.into_iter().map(|view| {
        let DisclosureView { recipient, first_at, last_at } = view;
        Disclosure { recipient, first_at, last_at }
    });
    let parts = commands.export_account(account, told.collect(), request().at).await?;
    let failed = |source| Failure::DataDir { path: to.to_owned(), source };
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to).map_err(failed)?;
    let written = parts.map_err(Failure::Command).try_fold(0_u64, |bytes, part| {
        let written = file.write_all(&part).map_err(failed);
        std::future::ready(written.map(|()| bytes + part.len() as u64))
    });
    match written.await {
        Ok(bytes) => {
            file.sync_all().map_err(failed)?;
            say(&json!({"account_id": account, "bytes": bytes, "file": to}), json, || {
                format!("Wrote {} ({bytes} bytes).", to.display())
            })
        }
        Err(failure) => {
            let _ = fs::remove_file(to);
            Err(failure)
        }
    }
}

pub(super) async fn import(
    commands: &Commands,
    file: &Path,
    password_file: &Path,
    json: bool,
) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::DataDir { path, source }
    };
    let password = fs::read_to_string(password_file).map_err(failed(password_file))?;
    let password = SecretString::from(password.trim_end_matches(['\r', '\n']));
    let archive = fs::File::open(file).map_err(failed(file))?;
    let imported = commands.import_account(archive, password, request()).await?;
    say(
        &json!({"account_id": imported.account, "events": imported.events, "files": imported.files,
            "stages_left_out": imported.stages_left_out}),
        json,
        || {
            let here = format!(
                "Account {} is here: {} events and {} files.",
                imported.account, imported.events, imported.files
            );
            match imported.stages_left_out {
                0 => here,
                stages => {
                    format!("{here} {stages} of its stages had been brought along by another owner before.")
                }
            }
        },
    )
}

fn say(value: &serde_json::Value, json: bool, sentence: impl FnOnce() -> String) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(out, "{value}"),
        false => writeln!(out, "{}", sentence()),
    }
    .map_err(Failure::Output)
}
