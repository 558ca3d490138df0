use secrecy::SecretString;
use stage_domain::account::{Account, AccountError};

use super::{PLACE, totp};
use crate::{Actor, CommandError, Commands, Missing, Time};

/// What an authenticator app is told. Shown once.
pub struct Enrolment {
    /// Base32, for those who type it.
    pub secret: SecretString,
    /// `otpauth://totp/…`, for a QR code.
    pub uri: SecretString,
}

impl Commands {
    /// Gives a secret for an authenticator app. It counts for nothing until the app has shown a code of it, within an
    /// hour; asked again, there is another one. `fresh` is 20 random bytes (RFC 4226, section 4).
    ///
    /// Asks for the password, so that whoever finds an open session does not lock its person out.
    pub async fn begin_second_factor(
        &self,
        actor: Actor,
        password: SecretString,
        fresh: [u8; 20],
        now: Time,
    ) -> Result<Enrolment, CommandError> {
        let account = actor.account;
        self.present_password(account, password).await?;
        let loaded = self.log.load::<Account>(account.0).await?.aggregate;
        let person = loaded.person.ok_or(CommandError::NotFound(Missing::Account))?;
        let email = person.email.known().ok_or(CommandError::NotFound(Missing::Account))?;
        let totp = totp(&fresh, email)?;
        let uri = totp.to_url().map_err(|_| CommandError::Store(stage_store::StoreError::Seal))?;

        let (keyring, pool) = (self.log.keyring(), self.log.pool());
        let sealed = keyring.seal_secret(pool, account, PLACE, &fresh).await?;
        let sealed = sealed.ok_or(CommandError::NotFound(Missing::Account))?;
        let mut tx = pool.begin().await?;
        // An erasure that comes at the same time finds the row, or comes first and there is none.
        stage_store::hold(&mut tx, account).await?;
        let begun = sqlx::query(
            "INSERT INTO second_factors (account_id, secret, begun_at) VALUES ($1, $2, $3)
             ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, begun_at = excluded.begun_at
             WHERE second_factors.enabled_at IS NULL",
        )
        .bind(account.0)
        .bind(&sealed)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        match begun.rows_affected() {
            0 => Err(AccountError::SecondFactorOn.into()),
            _ => Ok(Enrolment { secret: totp.secret().to_base32().into(), uri: uri.into() }),
        }
    }
}
