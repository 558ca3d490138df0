use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use stage_domain::{
    AccountId, Language,
    account::{Account, AccountCommand, Registration},
};
use stage_store::{Act, Also, Appended, ClaimChange, ClaimKind};

use super::passwords;
use crate::{CommandError, Commands, Done, Request, Time};

/// The table and column that a sealed password's hash is bound to.
pub(super) const PLACE: &str = "credentials/password";

pub struct Register {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: Option<String>,
    pub password: SecretString,
    pub language: Language,
}

impl Commands {
    /// Registers a person: their key, their claim on the e-mail address, their password and the event are one
    /// transaction. `Done::id` is the account's.
    pub async fn register(&self, register: Register, request: Request) -> Result<Done, CommandError> {
        let account = AccountId(request.new_id);
        let Register { first_name, last_name, email, phone, password, language } = register;
        let registration =
            Registration::new(account, &first_name, &last_name, &email, phone.as_deref(), language);
        let registration = passwords::and(registration, passwords::check("password", &password))?;

        let hash = self.passwords.hash(password).await?;
        let subject = self.log.keyring().new_subject(account)?;
        let sealed = subject.seal_secret(PLACE, hash.expose_secret().as_bytes())?;
        let credentials = Arc::new(Credentials { account, sealed, at: request.at });
        let claim = ClaimChange::Take { kind: ClaimKind::Email, value: email, owner: account.0 };
        let command = AccountCommand::Register { registration, at: request.at };

        self.once(None, &request, account.0, |mut act| {
            act.also.push(credentials);
            act.claims.push(claim);
            let act = Act { new: true, subject: Some(subject), ..act };
            self.log.execute::<Account>(account.0, command, act)
        })
        .await
    }
}

pub(super) struct Credentials {
    pub(super) account: AccountId,
    pub(super) sealed: Vec<u8>,
    pub(super) at: Time,
}

#[async_trait]
impl Also for Credentials {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO credentials (account_id, password, changed_at) VALUES ($1, $2, $3)")
            .bind(self.account.0)
            .bind(&self.sealed)
            .bind(self.at)
            .execute(tx)
            .await
            .map(drop)
    }
}
