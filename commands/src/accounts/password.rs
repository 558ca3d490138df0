use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use stage_domain::{
    AccountId, Invalid, SessionId,
    account::{Account, AccountCommand},
};
use stage_store::{Act, Also, Appended, ClaimKind, ExecuteError, StoreError};

use super::{
    links::{self, Purpose},
    passwords,
    register::PLACE,
};
use crate::{Actor, CommandError, Commands, Done, Missing, Request, Time};

/// How long the link in the mail holds.
pub const RESET_LIFE: TimeDelta = TimeDelta::hours(1);

impl Commands {
    /// Changes the password of whoever knows the present one. All their other sessions end.
    pub async fn change_password(
        &self,
        actor: Actor,
        current: SecretString,
        new: SecretString,
        request: Request,
    ) -> Result<Done, CommandError> {
        passwords::check("new_password", &new).map_err(|fault| Invalid(vec![fault]))?;
        let (account, at) = (actor.account, request.at);
        // Inside, so that the answer to a request that is sent again does not ask for a password that is gone.
        self.once(Some(account), &request, account.0, |act| async move {
            let hash = self.password_of(account).await?;
            if !self.passwords.verify(current, hash).await? {
                return Err(Invalid::one("current_password", "wrong", "is not the present password").into());
            }
            self.set_password(account, new, Set { keep: Some(actor.session), was: None, at }, act).await
        })
        .await
    }

    /// Asks for the mail with the link, when there is an account with this address. Whether there is one is not told.
    pub async fn request_password_reset(&self, email: &str, request: Request) -> Result<(), CommandError> {
        let Some(account) = self.log.claimed_by(ClaimKind::Email, email).await? else { return Ok(()) };
        let command = AccountCommand::RequestPasswordReset { at: request.at };
        match self.log.execute::<Account>(account, command, Act::default()).await.map_err(CommandError::from)
        {
            Ok(_) | Err(CommandError::NotFound(Missing::Account)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The token for a link that is mailed now; `None` for one without a password, such as an erased account.
    pub async fn reset_token(
        &self,
        account: AccountId,
        until: Time,
    ) -> Result<Option<SecretString>, CommandError> {
        let changed = self.password_changed_at(account).await?;
        Ok(changed.map(|changed| {
            links::token(self.log.keyring(), Purpose::ResetPassword, account, until, &state(changed))
        }))
    }

    /// The link was followed: a new password, and all sessions end. The token holds for no second time, because it was
    /// made for the password before.
    pub async fn reset_password(
        &self,
        token: &SecretString,
        new: SecretString,
        request: Request,
    ) -> Result<Done, CommandError> {
        passwords::check("password", &new).map_err(|fault| Invalid(vec![fault]))?;
        let claimed = links::read(token)?;
        let (account, at) = (claimed.account, request.at);
        self.once(None, &request, account.0, |act| async move {
            let changed = self.password_changed_at(account).await?.ok_or_else(links::refused)?;
            claimed.check(self.log.keyring(), Purpose::ResetPassword, &state(changed), at)?;
            self.set_password(account, new, Set { keep: None, was: Some(changed), at }, act).await
        })
        .await
    }

    async fn set_password(
        &self,
        account: AccountId,
        new: SecretString,
        set: Set,
        mut act: Act,
    ) -> Result<stage_store::Receipt, CommandError> {
        let hash = self.passwords.hash(new).await?;
        let hash = hash.expose_secret().as_bytes();
        let sealed = self.log.keyring().seal_secret(self.log.pool(), account, PLACE, hash).await?;
        let sealed = sealed.ok_or(CommandError::NotFound(Missing::Account))?;
        let command = AccountCommand::ChangePassword { by_reset: set.was.is_some(), at: set.at };
        act.also.push(Arc::new(SetPassword { account, sealed, set }));
        match self.log.execute::<Account>(account.0, command, act).await {
            // Somebody changed it between the check and here.
            Err(ExecuteError::Store(StoreError::Database(sqlx::Error::RowNotFound))) => Err(links::refused()),
            result => Ok(result?),
        }
    }

    async fn password_changed_at(&self, account: AccountId) -> Result<Option<Time>, CommandError> {
        Ok(sqlx::query_scalar("SELECT changed_at FROM credentials WHERE account_id = $1")
            .bind(account.0)
            .fetch_optional(self.log.pool())
            .await?)
    }
}

/// What a reset's token holds for: the password as it was then.
fn state(changed_at: Time) -> [u8; 8] {
    changed_at.timestamp_micros().to_be_bytes()
}

#[derive(Clone, Copy)]
struct Set {
    /// The session that goes on.
    keep: Option<SessionId>,
    /// When the password that this replaces was set, where that matters.
    was: Option<Time>,
    at: Time,
}

/// The new password's row and the end of the sessions, written with the event.
struct SetPassword {
    account: AccountId,
    sealed: Vec<u8>,
    set: Set,
}

#[async_trait]
impl Also for SetPassword {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        let set = sqlx::query(
            "UPDATE credentials SET password = $2, changed_at = greatest($3, changed_at + interval '1 microsecond')
             WHERE account_id = $1 AND ($4::timestamptz IS NULL OR changed_at = $4)",
        )
        .bind(self.account.0)
        .bind(&self.sealed)
        .bind(self.set.at)
        .bind(self.set.was)
        .execute(&mut *tx)
        .await?;
        if set.rows_affected() == 0 {
            return Err(sqlx::Error::RowNotFound);
        }
        sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND id IS DISTINCT FROM $2")
            .bind(self.account.0)
            .bind(self.set.keep.map(|session| session.0))
            .execute(tx)
            .await
            .map(drop)
    }
}
