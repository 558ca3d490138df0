//! `stage auditor`: who may read the log from outside.

use std::io::{self, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use stage_commands::auditors::{AuditorRow, Auditors, NewAuditor, Scope};
use stage_domain::AuditorId;
use uuid::Uuid;

use crate::{cli, config::OutputArgs, failure::Failure};

#[derive(Args)]
pub(crate) struct AuditorArgs {
    #[command(subcommand)]
    command: AuditorCommand,
}

#[derive(Subcommand)]
enum AuditorCommand {
    /// Gives an auditor a token, which is shown once.
    Add {
        /// A line by which you tell auditors apart. It is kept in the clear and for good, so take an office's
        /// name and no person's. It is shown by `stage auditor list` and nowhere else.
        label: String,
        /// What the token allows: to read the log with personal values sealed, or to open those too, each time of
        /// which is an event in the log.
        #[arg(long, value_enum, default_value_t = ScopeName::Read)]
        scope: ScopeName,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Lists all auditors there ever were, the oldest first.
    List {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Ends an auditor's token at once.
    Revoke {
        /// The auditor, as `stage auditor list` names them.
        #[arg(value_parser = cli::id)]
        id: Uuid,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ScopeName {
    Read,
    ReadPersonal,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Self::Read,
            ScopeName::ReadPersonal => Self::ReadPersonal,
        }
    }
}

impl AuditorCommand {
    fn output(&self) -> &OutputArgs {
        match self {
            Self::Add { output, .. } | Self::List { output } | Self::Revoke { output, .. } => output,
        }
    }
}

pub(crate) async fn run(args: AuditorArgs) -> Result<(), Failure> {
    let OutputArgs { json, reach } = args.command.output();
    let (json, reached) = (*json, reach.open(1).await?);
    let auditors = Auditors::new(reached.pool.clone());
    let at = now();
    let mut out = io::stdout().lock();
    match args.command {
        AuditorCommand::Add { label, scope, .. } => {
            let scope = Scope::from(scope);
            let new = auditors.add(new_id(), &label, scope, rand::random(), at).await?;
            added(&mut out, &new, scope, json)
        }
        AuditorCommand::List { .. } => {
            let all = auditors.list().await?;
            match json {
                true => writeln!(out, "{}", json!({ "auditors": all.iter().map(row).collect::<Vec<_>>() })),
                false => all.iter().try_for_each(|auditor| line(&mut out, auditor)),
            }
        }
        AuditorCommand::Revoke { id, .. } => {
            auditors.revoke(id.into(), at).await?;
            match json {
                true => writeln!(out, "{}", json!({ "id": id, "revoked_at": time(at) })),
                false => writeln!(out, "The token of auditor {id} is not good any more."),
            }
        }
    }
    .map_err(Failure::Output)
}

fn added(out: &mut impl io::Write, new: &NewAuditor, scope: Scope, json: bool) -> io::Result<()> {
    let token = new.token.expose_secret();
    if json {
        return writeln!(out, "{}", json!({ "id": new.id, "scope": scope.as_str(), "token": token }));
    }
    let too = if scope == Scope::ReadPersonal { ", personal values too" } else { "" };
    writeln!(out, "Auditor {} may read{too}. The token is shown this once:\n\n  {token}\n", new.id)
}

fn row(auditor: &AuditorRow) -> Value {
    json!({
        "id": auditor.id, "label": auditor.label, "scopes": scopes(auditor),
        "added_at": time(auditor.added_at), "revoked_at": auditor.revoked_at.map(time),
    })
}

fn line(out: &mut impl io::Write, auditor: &AuditorRow) -> io::Result<()> {
    let scopes = scopes(auditor).join(", ");
    let end = match auditor.revoked_at {
        Some(at) => format!("revoked {}", time(at)),
        None => scopes,
    };
    writeln!(out, "{}  {}  {:<20}  {}", auditor.id, time(auditor.added_at), end, auditor.label)
}

fn scopes(auditor: &AuditorRow) -> Vec<&'static str> {
    auditor.scopes.iter().map(|scope| scope.as_str()).collect()
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where ids come from")]
fn new_id() -> AuditorId {
    Uuid::now_v7().into()
}
