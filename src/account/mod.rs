//! `stage account`: what a person may ask for about their data, carried out by the operator. Each does what the
//! API does (docs/privacy.md has the article that each serves).

mod act;
mod file;
mod show;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueEnum};
use stage_commands::{CommandError, Done, Missing, Request, Time};
use stage_domain::{AccountId, Language, account::Purpose};
use stage_store::ClaimKind;
use uuid::Uuid;

use crate::{
    cli,
    config::{House, HouseArgs},
    failure::Failure,
};

#[derive(Args)]
pub(crate) struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Shows what is known about a person (Art. 15 GDPR).
    Show {
        /// The account's id or e-mail address.
        account: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Writes everything about a person into one archive (Art. 15 and 20 GDPR).
    Export {
        /// The account's id or e-mail address.
        account: String,
        /// The zip file to write; it must not be there yet.
        #[arg(long)]
        to: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Takes an archive of another installation in, where the account is not there yet.
    Import {
        /// The zip file that an export wrote.
        file: PathBuf,
        /// A file with the password that the person logs in with from now on. An archive holds none.
        #[arg(long)]
        password_file: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Corrects what is known about a person (Art. 16 GDPR).
    Correct {
        /// The account's id or e-mail address.
        account: String,
        #[command(flatten)]
        correction: CorrectArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Erases a person for good (Art. 17 GDPR), and prints the receipt.
    Erase {
        /// The account's id or e-mail address.
        account: String,
        /// Says that you mean it: nothing brings the data back.
        #[arg(long, required = true)]
        yes: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Prints the signed receipt of an erasure.
    Receipt {
        /// The id that the account had.
        #[arg(value_parser = cli::id)]
        account: Uuid,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Restricts what a person's data is used for (Art. 18 GDPR).
    Restrict {
        /// The account's id or e-mail address.
        account: String,
        /// Ends the restriction, once the person was told.
        #[arg(long)]
        lift: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Records that a person objects to a purpose (Art. 21 and 7 GDPR).
    Object {
        /// The account's id or e-mail address.
        account: String,
        /// What the person objects to.
        #[arg(value_enum)]
        purpose: PurposeName,
        /// Takes the objection back.
        #[arg(long)]
        withdraw: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
}

#[derive(Args)]
#[group(required = true, multiple = true)]
struct CorrectArgs {
    #[arg(long)]
    first_name: Option<String>,
    #[arg(long)]
    last_name: Option<String>,
    #[arg(long)]
    email: Option<String>,
    /// Empty for no telephone number any more.
    #[arg(long)]
    phone: Option<String>,
    /// The language that the person is addressed in.
    #[arg(long, value_enum)]
    language: Option<LanguageName>,
}

#[derive(Args)]
struct OutputArgs {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    house: HouseArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum LanguageName {
    De,
    En,
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::De => Self::De,
            LanguageName::En => Self::En,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum PurposeName {
    /// Telling the operator's recipients who registered.
    Recipients,
}

impl From<PurposeName> for Purpose {
    fn from(name: PurposeName) -> Self {
        match name {
            PurposeName::Recipients => Self::Recipients,
        }
    }
}

pub(crate) async fn run(args: AccountArgs) -> Result<(), Failure> {
    match args.command {
        AccountCommand::Show { account, output } => {
            let house = output.house.open().await?;
            show::account(&house.commands, find(&house, &account).await?, output.json).await
        }
        AccountCommand::Export { account, to, output } => {
            let house = output.house.open_with_files().await?;
            file::export(&house.commands, find(&house, &account).await?, &to, output.json).await
        }
        AccountCommand::Import { file, password_file, output } => {
            let house = output.house.open_with_files().await?;
            file::import(&house.commands, &file, &password_file, output.json).await
        }
        AccountCommand::Correct { account, correction, output } => {
            let house = output.house.open().await?;
            act::correct(&house.commands, find(&house, &account).await?, correction, output.json).await
        }
        AccountCommand::Erase { account, yes: _, output } => {
            let house = output.house.open_with_files().await?;
            act::erase(&house.commands, find(&house, &account).await?, output.json).await
        }
        AccountCommand::Receipt { account, output } => {
            let house = output.house.open().await?;
            show::receipt(&house.commands, account.into(), output.json).await
        }
        AccountCommand::Restrict { account, lift, output } => {
            let house = output.house.open().await?;
            act::restrict(&house.commands, find(&house, &account).await?, !lift, output.json).await
        }
        AccountCommand::Object { account, purpose, withdraw, output } => {
            let house = output.house.open().await?;
            let account = find(&house, &account).await?;
            act::object(&house.commands, account, purpose.into(), !withdraw, output.json).await
        }
    }
}

/// By id, or by the e-mail address, which is looked up by its keyed hash.
async fn find(house: &House, account: &str) -> Result<AccountId, Failure> {
    if let Ok(id) = Uuid::try_parse(account) {
        return Ok(AccountId(id));
    }
    let claimed = house.commands.log.claimed_by(ClaimKind::Email, account).await?;
    claimed.map(AccountId).ok_or(Failure::Command(CommandError::NotFound(Missing::Account)))
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where ids come from")]
pub(crate) fn request() -> Request {
    Request { at: now(), new_id: Uuid::now_v7(), expected: None, idempotency: None }
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
fn now() -> Time {
    chrono::Utc::now()
}

/// What the API answers in the same case.
pub(crate) fn done(done: Done, json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(
            out,
            "{}",
            serde_json::json!({"id": done.id, "version": done.version, "position": done.position})
        ),
        false => writeln!(out, "Done: {} is in version {}.", done.id, done.version),
    }
    .map_err(Failure::Output)
}
