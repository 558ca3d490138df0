use std::io::{self, Write as _};

use serde_json::json;
use stage_commands::{CommandError, Commands, Missing, accounts::Erasure};
use stage_domain::{AccountId, account::Account};

use crate::failure::Failure;

pub(super) async fn account(commands: &Commands, id: AccountId, json: bool) -> Result<(), Failure> {
    let loaded = commands.log.load::<Account>(id.0).await?;
    let account = loaded.aggregate;
    let Some(person) = &account.person else {
        return Err(Failure::Command(CommandError::NotFound(Missing::Account)));
    };
    let mut out = io::stdout().lock();
    let phone = person.phone.as_ref().and_then(|phone| phone.known());
    let objections: Vec<&str> = account.objections.iter().map(|purpose| purpose.as_str()).collect();
    let value = json!({
        "id": id, "first_name": person.first_name.known(), "last_name": person.last_name.known(),
        "email": person.email.known(), "email_verified": account.email_verified, "phone": phone,
        "language": person.language.code(), "restricted": account.is_restricted(), "objections": objections,
        "version": loaded.version,
    });
    match json {
        true => writeln!(out, "{value}"),
        false => value.as_object().into_iter().flatten().try_for_each(|(name, value)| match value {
            serde_json::Value::String(text) => writeln!(out, "{name:<15} {text}"),
            other => writeln!(out, "{name:<15} {other}"),
        }),
    }
    .map_err(Failure::Output)
}

pub(super) async fn receipt(commands: &Commands, account: AccountId, json: bool) -> Result<(), Failure> {
    let erasure = commands.erasure(account).await?;
    let erasure = erasure.ok_or(Failure::Command(CommandError::NotFound(Missing::Account)))?;
    let verifier = commands.log.keyring().receipt_verifier(commands.log.pool()).await?;
    if !json {
        writeln!(io::stderr(), "Verify it with the key {verifier}").map_err(Failure::Output)?;
    }
    self::erasure(&erasure, json)
}

pub(super) fn erasure(erasure: &Erasure, json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match (json, &erasure.receipt) {
        (true, _) => writeln!(
            out,
            "{}",
            json!({
                "account_id": erasure.account_id, "position": erasure.position, "erased_at": erasure.erased_at,
                "stages": erasure.stages, "files": erasure.files, "finished_at": erasure.finished_at,
                "receipt": erasure.receipt,
            })
        ),
        (false, Some(receipt)) => write!(out, "{receipt}"),
        (false, None) => writeln!(
            out,
            "The key is destroyed. Stages are being closed and files deleted; `stage account receipt {}` prints the \
             receipt once that is done.",
            erasure.account_id
        ),
    }
    .map_err(Failure::Output)
}
