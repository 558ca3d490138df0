use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{PgConnection, Row};
use stage_domain::{
    AccountId, Invalid,
    account::{Account, AccountCommand, AccountError},
};
use stage_store::{Act, Also, Appended, ExecuteError, StoreError};

use super::{ENROLMENT_LIFE, PLACE, RECOVERY_CODES, digest, recovery_code, step};
use crate::{Actor, CommandError, Commands, Done, Request, Time};

/// The second factor is on.
pub struct Confirmed {
    /// Shown once; each counts once.
    pub recovery_codes: Vec<SecretString>,
    pub done: Done,
}

impl Commands {
    /// Turns the second factor on, once the app shows a code of the secret that it was told. That code does not count for a
    /// log-in again. `fresh` is 10 random bytes for each recovery code.
    pub async fn confirm_second_factor(
        &self,
        actor: Actor,
        code: &SecretString,
        fresh: [[u8; 10]; RECOVERY_CODES],
        request: Request,
    ) -> Result<Confirmed, CommandError> {
        let (account, at) = (actor.account, request.at);
        let (pool, keyring) = (self.log.pool(), self.log.keyring());
        let row =
            sqlx::query("SELECT secret, begun_at, enabled_at FROM second_factors WHERE account_id = $1")
                .bind(account.0)
                .fetch_optional(pool)
                .await?
                .filter(|row| at < row.get::<Time, _>("begun_at") + ENROLMENT_LIFE || is_on(row))
                .ok_or(AccountError::NoEnrolment)?;
        if is_on(&row) {
            return Err(AccountError::SecondFactorOn.into());
        }
        let sealed: Vec<u8> = row.get("secret");
        let secret = keyring.open_secret(pool, account, PLACE, &sealed).await?;
        let secret = secret.ok_or(AccountError::NoEnrolment)?;
        let step = step(&secret, code.expose_secret().trim(), at)?
            .ok_or_else(|| Invalid::one("code", "wrong_code", "is not a code that the app shows now"))?;

        let recovery_codes: Vec<_> = fresh.into_iter().map(recovery_code).collect();
        let codes = recovery_codes.iter().map(|code| digest(keyring, account, code).to_vec()).collect();
        let enable = Enable { account, sealed, step, codes, at };
        let act = Act {
            by: Some(account),
            expected: request.expected,
            also: vec![Arc::new(enable)],
            ..Act::default()
        };
        let command = AccountCommand::EnableSecondFactor { at };
        match self.log.execute::<Account>(account.0, command, act).await {
            // Begun anew or confirmed between the check and here.
            Err(ExecuteError::Store(StoreError::Database(sqlx::Error::RowNotFound))) => {
                Err(CommandError::Busy)
            }
            result => {
                let receipt = result?;
                let done = Done { id: account.0, version: receipt.version, position: receipt.position };
                Ok(Confirmed { recovery_codes, done })
            }
        }
    }
}

fn is_on(row: &sqlx::postgres::PgRow) -> bool {
    row.get::<Option<Time>, _>("enabled_at").is_some()
}

struct Enable {
    account: AccountId,
    sealed: Vec<u8>,
    step: i64,
    codes: Vec<Vec<u8>>,
    at: Time,
}

#[async_trait]
impl Also for Enable {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        let enabled = sqlx::query(
            "UPDATE second_factors SET enabled_at = $3, last_step = $4
             WHERE account_id = $1 AND secret = $2 AND enabled_at IS NULL",
        )
        .bind(self.account.0)
        .bind(&self.sealed)
        .bind(self.at)
        .bind(self.step)
        .execute(&mut *tx)
        .await?;
        if enabled.rows_affected() == 0 {
            return Err(sqlx::Error::RowNotFound);
        }
        keep(tx, self.account, &self.codes).await
    }
}

/// Keeps recovery codes, as their digests.
pub(super) async fn keep(
    tx: &mut PgConnection,
    account: AccountId,
    codes: &[Vec<u8>],
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO recovery_codes (account_id, code) SELECT $1, UNNEST($2::bytea[])")
        .bind(account.0)
        .bind(codes)
        .execute(tx)
        .await
        .map(drop)
}
