//! What can be typed. Each flag has an environment variable of the same name, with `STAGE_` before it.

use clap::{Parser, Subcommand};
use uuid::Uuid;

use crate::{
    account, auditor, config, doctor, keys, log::LogCommand, mail, outbox, post, projections,
    telemetry::LogArgs,
};

/// Everything an organisation publishes, in one place, without recording its readers.
#[derive(Parser)]
#[command(name = "stage", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Runs everything in one process, with a PostgreSQL, a NATS and an S3 endpoint of its own.
    Up(Box<config::UpArgs>),
    /// Runs the HTTP server against PostgreSQL, NATS and S3 that somebody else operates.
    Serve(Box<config::ServeArgs>),
    /// Runs the loops (projections, imports, counting) against PostgreSQL, NATS and S3 that somebody else operates.
    Work(Box<config::WorkerArgs>),
    /// Brings the database to the newest form, and does nothing when it has it.
    Migrate(config::MigrateArgs),
    /// Carries out what a person asks for about their data: to see, correct, take along, restrict or erase it.
    Account(Box<account::AccountArgs>),
    /// Redacts a post on the request of somebody whom it is about.
    Post(Box<post::PostArgs>),
    /// Replaces the master key.
    Keys(Box<keys::KeysArgs>),
    /// Gives tokens to auditors, who read the log from outside, and takes them back.
    Auditor(auditor::AuditorArgs),
    /// Proves, exports and shows the event log.
    #[command(subcommand)]
    Log(LogCommand),
    /// Shows what recipients outside are told, and what can be done when it does not arrive.
    Outbox(outbox::OutboxArgs),
    /// Reads the mails that a `stage up` without a mail server keeps.
    Mail(mail::MailArgs),
    /// Shows, rebuilds, compares, pauses and resumes the read models, while they serve.
    Projections(projections::ProjectionsArgs),
    /// Looks at everything that an installation stands on, and says what is wrong and what to do.
    Doctor(Box<doctor::DoctorArgs>),
    /// Prints the published contract of the HTTP API.
    Openapi,
}

/// Reads an id; what is none is refused in words for people, behind the name of the argument.
pub(crate) fn id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| "is not an id, which looks like 01a2096f-542e-73d3-aa7c-6282cd377862".to_owned())
}
