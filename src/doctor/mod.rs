//! `stage doctor`: looks at everything that an installation stands on, and says in one line each what is well, or what is
//! wrong and what to do. It changes nothing but for a small object that it writes and deletes, and a reader of the
//! stream that it makes and ends.
//!
//! A file per thing that is looked at. What to look for in the database is in `stage_store::checkup`.

mod broker;
mod database;
mod disk;
mod finding;
mod keys;
mod lag;
mod storage;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::Args;
use finding::{Finding, State};

use crate::{config::HouseArgs, failure::Failure, secret::Secret};

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Prints JSON, one object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    house: HouseArgs,
    /// The NATS servers, with commas between them, where the installation is not one of `stage up`.
    #[arg(long, env = "STAGE_NATS_URL", hide_env_values = true)]
    nats_url: Option<Secret>,
    /// The directory in which the views of `stage serve` wait until they are counted: its disk is looked at.
    #[arg(long, env = "STAGE_JOURNAL_DIR")]
    journal_dir: Option<PathBuf>,
}

/// Succeeds when everything could be looked at and all of it is well.
pub(crate) async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let findings = examine(&args).await;
    let mut out = io::stdout().lock();
    for finding in &findings {
        match args.json {
            true => writeln!(out, "{}", serde_json::to_string(finding).map_err(Failure::Json)?),
            false => writeln!(out, "{}", finding.line()),
        }
        .map_err(Failure::Output)?;
    }
    match findings.iter().filter(|finding| finding.state != State::Well).count() {
        0 => Ok(()),
        wrong => Err(Failure::Unwell { wrong, of: findings.len() }),
    }
}

async fn examine(args: &DoctorArgs) -> Vec<Finding> {
    let (database, broker, storage) = tokio::join!(
        database::examine(&args.house),
        broker::examine(&args.house, args.nats_url.as_ref()),
        storage::examine(&args.house),
    );
    let mut findings = database.findings;
    match &database.usable {
        Some(reached) => {
            findings.push(keys::examine(&args.house, &reached.pool).await);
            findings.extend(lag::examine(&reached.pool).await);
        }
        None => findings.extend([keys::CHECK, lag::PROJECTIONS, lag::OUTBOX, lag::NOTARY].map(|check| {
            Finding::unknown(check, "not looked at", "first mend what is wrong with the database")
        })),
    }
    findings.extend(broker);
    findings.push(storage);
    findings.push(disk::examine(&args.house, args.journal_dir.as_deref(), database.bytes));
    findings
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
