use async_trait::async_trait;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{PgConnection, Row};
use stage_domain::AccountId;
use stage_store::{Also, Appended};

use super::{PLACE, digest, step};
use crate::{CommandError, Commands, Time};

/// So many codes may be wrong in a row within [`WINDOW`]. With three codes of a million right at any moment, guessing on
/// without end has an even chance after eight months, wherever the guesses come from.
const TRIES: i32 = 10;
const WINDOW: TimeDelta = TimeDelta::minutes(15);

/// A right code. That it counts once is decided in the transaction of the log-in, where this is written.
pub(crate) enum Proof {
    Code { account: AccountId, step: i64 },
    Recovery { account: AccountId, code: [u8; 32], left: u32 },
}

impl Commands {
    /// Checks the code of somebody whose password was right. `None` where no second factor is asked for.
    pub(crate) async fn prove_second_factor(
        &self,
        account: AccountId,
        code: Option<&SecretString>,
        now: Time,
    ) -> Result<Option<Proof>, CommandError> {
        let pool = self.log.pool();
        let on: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM second_factors WHERE account_id = $1 AND enabled_at IS NOT NULL)",
        )
        .bind(account.0)
        .fetch_one(pool)
        .await?;
        if !on {
            return Ok(None);
        }
        let code = code.ok_or(CommandError::SecondFactorMissing)?;
        let (sealed, last) = self.count_try(account, now).await?;
        let typed: String = code.expose_secret().chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() == 6 && typed.bytes().all(|byte| byte.is_ascii_digit()) {
            let secret = self.log.keyring().open_secret(pool, account, PLACE, &sealed).await?;
            let secret = secret.ok_or(CommandError::WrongCredentials)?;
            let step = step(&secret, &typed, now)?.filter(|step| last.is_none_or(|last| last < *step));
            return step
                .map(|step| Some(Proof::Code { account, step }))
                .ok_or(CommandError::SecondFactorWrong);
        }
        let code = digest(self.log.keyring(), account, code);
        let (known, left): (bool, i64) = sqlx::query_as(
            "SELECT coalesce(bool_or(code = $2), false), count(*) FROM recovery_codes WHERE account_id = $1",
        )
        .bind(account.0)
        .bind(&code[..])
        .fetch_one(pool)
        .await?;
        match known {
            true => Ok(Some(Proof::Recovery { account, code, left: u32::try_from(left - 1).unwrap_or(0) })),
            false => Err(CommandError::SecondFactorWrong),
        }
    }

    /// Counts a try before it is looked at, so that no number of tries at once gets past the limit; a right one takes the
    /// count back. Gives the sealed secret and the last step that was used.
    async fn count_try(&self, account: AccountId, now: Time) -> Result<(Vec<u8>, Option<i64>), CommandError> {
        let row = sqlx::query(
            "UPDATE second_factors
             SET failures = CASE WHEN failing_from > $2 THEN failures + 1 ELSE 1 END,
                 failing_from = CASE WHEN failing_from > $2 THEN failing_from ELSE $3 END
             WHERE account_id = $1 AND enabled_at IS NOT NULL
               AND (failing_from IS NULL OR failing_from <= $2 OR failures < $4)
             RETURNING secret, last_step",
        )
        .bind(account.0)
        .bind(now - WINDOW)
        .bind(now)
        .bind(TRIES)
        .fetch_optional(self.log.pool())
        .await?;
        let row = row.ok_or(CommandError::TooManyTries { wait: WINDOW })?;
        Ok((row.get("secret"), row.get("last_step")))
    }
}

#[async_trait]
impl Also for Proof {
    /// [`sqlx::Error::RowNotFound`] when the code was used by somebody else meanwhile.
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        let account = match self {
            Self::Code { account, .. } | Self::Recovery { account, .. } => account.0,
        };
        let used = match self {
            Self::Code { step, .. } => {
                sqlx::query(
                    "UPDATE second_factors SET last_step = $2
                     WHERE account_id = $1 AND enabled_at IS NOT NULL AND coalesce(last_step, -1) < $2",
                )
                .bind(account)
                .bind(step)
                .execute(&mut *tx)
                .await?
            }
            Self::Recovery { code, .. } => {
                sqlx::query("DELETE FROM recovery_codes WHERE account_id = $1 AND code = $2")
                    .bind(account)
                    .bind(&code[..])
                    .execute(&mut *tx)
                    .await?
            }
        };
        if used.rows_affected() == 0 {
            return Err(sqlx::Error::RowNotFound);
        }
        sqlx::query("UPDATE second_factors SET failures = 0, failing_from = NULL WHERE account_id = $1")
            .bind(account)
            .execute(tx)
            .await
            .map(drop)
    }
}
