use chrono::TimeDelta;
use secrecy::SecretString;
use stage_domain::{
    AccountId,
    account::{Account, AccountCommand},
};

use super::links::{self, Purpose};
use crate::{Actor, CommandError, Commands, Done, Request, Time};

/// How long the link in the mail holds.
pub const VERIFICATION_LIFE: TimeDelta = TimeDelta::days(2);

impl Commands {
    /// Asks for the mail with the link once more. Does nothing when the address is verified.
    pub async fn request_verification(&self, actor: Actor, request: Request) -> Result<Done, CommandError> {
        let account = actor.account;
        let command = AccountCommand::RequestEmailVerification { at: request.at };
        self.once(Some(account), &request, account.0, |act| {
            self.log.execute::<Account>(account.0, command, act)
        })
        .await
    }

    /// The token for a link to the address that is mailed now.
    #[must_use]
    pub fn verification_token(&self, account: AccountId, email: &str, until: Time) -> SecretString {
        links::token(self.log.keyring(), Purpose::VerifyEmail, account, until, email.as_bytes())
    }

    /// The link was followed. Whoever holds the token reads the mails; they need no session.
    pub async fn verify_email(&self, token: &SecretString, request: Request) -> Result<Done, CommandError> {
        let claimed = links::read(token)?;
        let account = claimed.account;
        let person = self.log.load::<Account>(account.0).await?.aggregate.person;
        let email = person.ok_or_else(links::refused)?.email;
        let known = email.known().ok_or_else(links::refused)?;
        claimed.check(self.log.keyring(), Purpose::VerifyEmail, known.as_bytes(), request.at)?;
        let command = AccountCommand::VerifyEmail { email, at: request.at };
        let verified = self.once(None, &request, account.0, |mut act| {
            act.living = Some(account);
            self.log.execute::<Account>(account.0, command, act)
        });
        // Erased while the link was followed: it leads nowhere any more.
        verified.await.map_err(|error| match error {
            CommandError::NotLoggedIn => links::refused(),
            error => error,
        })
    }
}
