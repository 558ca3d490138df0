//! `stage mail`: the mails that a `stage up` without a mail server keeps.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use chrono::{SecondsFormat, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::json;
use stage_store::{Hint, Keyring, Log, MasterKey, Position};
use stage_workers::delivering::recipients::mail::{Folder, Kept};
use uuid::Uuid;

use crate::{cli, config::OutputArgs, data_dir, failure::Failure};

#[derive(Args)]
pub(crate) struct MailArgs {
    #[command(subcommand)]
    command: MailCommand,
}

#[derive(Subcommand)]
enum MailCommand {
    /// Lists the mails, the oldest first.
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Shows a mail, unless its person was erased.
    Show {
        /// The mail, as `stage mail list` names it.
        #[arg(value_parser = cli::id)]
        id: Uuid,
        #[command(flatten)]
        output: OutputArgs,
    },
}

pub(crate) async fn run(args: MailArgs) -> Result<(), Failure> {
    let (MailCommand::List { output } | MailCommand::Show { output, .. }) = &args.command;
    let reached = output.reach.open(1).await?;
    let data = &output.reach.data_dir;
    let key = data_dir::secret_of(data, "master-key")?.ok_or_else(|| Failure::NotUp(data.clone()))?;
    let key = MasterKey::from_hex(key.expose_secret()).map_err(Failure::MasterKey)?;
    let keyring = Keyring::open(&reached.pool, key).await?;
    let log = Log::new(reached.pool.clone(), keyring, Arc::new(Nobody));
    #[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
    let folder = Folder::new(data.join("mail"), log, Arc::new(Utc::now));
    let mut out = io::stdout().lock();
    let kept = folder.list()?;
    match &args.command {
        MailCommand::List { .. } => match output.json {
            true => writeln!(out, "{}", json!({ "mails": kept.iter().map(row).collect::<Vec<_>>() })),
            false => kept.iter().try_for_each(|kept| {
                writeln!(out, "{}  {}  {:<18}  account {}", kept.id, time(kept), kept.kind, kept.account)
            }),
        },
        MailCommand::Show { id, .. } => {
            let kept = kept.iter().find(|kept| kept.id == *id).ok_or(Failure::NoSuchMail(*id))?;
            let mail = folder.open(kept).await?.ok_or(Failure::NoSuchMail(*id))?;
            match output.json {
                true => {
                    let mut row = row(kept);
                    row["to"] = mail.to.into();
                    row["subject"] = mail.subject.into();
                    row["text"] = mail.text.into();
                    writeln!(out, "{row}")
                }
                false => writeln!(out, "To: {}\nSubject: {}\n\n{}", mail.to, mail.subject, mail.text),
            }
        }
    }
    .map_err(Failure::Output)
}

/// Nothing is appended here.
struct Nobody;

impl Hint for Nobody {
    fn appended(&self, _: Position) {}
}

fn row(kept: &Kept) -> serde_json::Value {
    json!({ "id": kept.id, "kind": kept.kind, "account": kept.account, "at": time(kept) })
}

fn time(kept: &Kept) -> String {
    kept.at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
