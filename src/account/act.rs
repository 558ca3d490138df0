use stage_commands::{Commands, accounts::Correct};
use stage_domain::{AccountId, account::Purpose};

use super::{CorrectArgs, done, now, request, show};
use crate::failure::Failure;

pub(super) async fn correct(
    commands: &Commands,
    account: AccountId,
    args: CorrectArgs,
    json: bool,
) -> Result<(), Failure> {
    let CorrectArgs { first_name, last_name, email, phone, language } = args;
    let correct = Correct { first_name, last_name, email, phone, language: language.map(Into::into) };
    done(commands.correct_account(account, correct, request()).await?, json)
}

pub(super) async fn erase(commands: &Commands, account: AccountId, json: bool) -> Result<(), Failure> {
    show::erasure(&commands.erase(account, None, request(), &now).await?, json)
}

pub(super) async fn restrict(
    commands: &Commands,
    account: AccountId,
    restricted: bool,
    json: bool,
) -> Result<(), Failure> {
    done(commands.restrict_account(account, restricted, request()).await?, json)
}

pub(super) async fn object(
    commands: &Commands,
    account: AccountId,
    purpose: Purpose,
    objects: bool,
    json: bool,
) -> Result<(), Failure> {
    done(commands.object(account, purpose, objects, request()).await?, json)
}
