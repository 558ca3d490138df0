use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use sqlx::PgConnection;
use stage_domain::{
    AccountId, Invalid, Language, SessionId,
    account::{Account, AccountCommand},
};
use stage_store::{Act, Also, Appended, ClaimKind, ExecuteError, StoreError};

use super::{register::PLACE, second_factor::Proof, sessions};
use crate::{Actor, CommandError, Commands, Done, Request, Time};

/// A session just begun. The token is shown once and kept only as its hash.
pub struct NewSession {
    pub actor: Actor,
    pub token: SecretString,
    /// In which the person reads, where that could be asked.
    pub language: Option<Language>,
    pub done: Done,
}

impl Commands {
    /// [`Commands::log_in_with`] nothing but a password.
    pub async fn log_in(
        &self,
        email: &str,
        password: SecretString,
        fresh: [u8; 32],
        request: Request,
    ) -> Result<NewSession, CommandError> {
        self.log_in_with(email, password, None, fresh, request).await
    }

    /// Begins a session for whoever knows the password and, where a second factor is on, has a `code` of the app or a
    /// recovery code. `fresh` is 32 random bytes for the token.
    pub async fn log_in_with(
        &self,
        email: &str,
        password: SecretString,
        code: Option<&SecretString>,
        fresh: [u8; 32],
        request: Request,
    ) -> Result<NewSession, CommandError> {
        let account = self.log.claimed_by(ClaimKind::Email, email).await?.map(AccountId);
        let hash = match account {
            Some(account) => self.password_of(account).await?,
            None => None,
        };
        let right = self.passwords.verify(password, hash).await?;
        let account = account.filter(|_| right).ok_or(CommandError::WrongCredentials)?;
        let proof = self.prove_second_factor(account, code, request.at).await?;

        let actor = Actor { account, session: SessionId(request.new_id) };
        let token = BASE64_URL_SAFE_NO_PAD.encode(fresh);
        let begin = Begin { actor, token: sessions::digest(&token), at: request.at };
        let command = match &proof {
            Some(Proof::Recovery { left, .. }) => {
                AccountCommand::LogInWithRecoveryCode { left: *left, at: request.at }
            }
            Some(Proof::Code { .. }) | None => AccountCommand::LogIn { at: request.at },
        };
        let mut also: Vec<Arc<dyn Also>> = vec![Arc::new(begin)];
        also.extend(proof.map(|proof| Arc::new(proof) as Arc<dyn Also>));
        let act = Act { by: Some(account), also, ..Act::default() };
        let receipt = match self.log.execute::<Account>(account.0, command, act).await {
            // The same code was used by another log-in between the check and here.
            Err(ExecuteError::Store(StoreError::Database(sqlx::Error::RowNotFound))) => {
                return Err(CommandError::SecondFactorWrong);
            }
            result => result?,
        };
        let done = Done { id: account.0, version: receipt.version, position: receipt.position };
        // From the log, because a read model may not know yet who registered a moment ago. The session is there in any case.
        let loaded = self.log.load::<Account>(account.0).await.ok();
        let language = loaded.and_then(|loaded| loaded.aggregate.person).map(|person| person.language);
        Ok(NewSession { actor, token: token.into(), language, done })
    }

    pub(super) async fn password_of(&self, account: AccountId) -> Result<Option<SecretString>, CommandError> {
        let pool = self.log.pool();
        let sealed: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT password FROM credentials WHERE account_id = $1")
                .bind(account.0)
                .fetch_optional(pool)
                .await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let hash = self.log.keyring().open_secret(pool, account, PLACE, &sealed).await?;
        Ok(hash.and_then(|hash| String::from_utf8(hash).ok()).map(SecretString::from))
    }

    /// Refuses a password that is not the account's.
    pub(super) async fn present_password(
        &self,
        account: AccountId,
        password: SecretString,
    ) -> Result<(), CommandError> {
        let hash = self.password_of(account).await?;
        match self.passwords.verify(password, hash).await? {
            true => Ok(()),
            false => Err(Invalid::one("password", "wrong", "is not the present password").into()),
        }
    }
}

/// The session's row, written with the event that tells of the log-in. Sessions of this person that ended go
/// with it.
struct Begin {
    actor: Actor,
    token: [u8; 32],
    at: Time,
}

#[async_trait]
impl Also for Begin {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND expires_at <= $2")
            .bind(self.actor.account.0)
            .bind(self.at)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (id, token, account_id, begun_at, last_seen_at, expires_at)
             VALUES ($1, $2, $3, $4, $4, $5)",
        )
        .bind(self.actor.session.0)
        .bind(&self.token[..])
        .bind(self.actor.account.0)
        .bind(self.at)
        .bind(self.at + sessions::LIFE)
        .execute(tx)
        .await
        .map(drop)
    }
}
