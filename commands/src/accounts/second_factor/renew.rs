use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use sqlx::PgConnection;
use stage_domain::{
    AccountId, Invalid,
    account::{Account, AccountCommand, AccountError},
};
use stage_store::{Act, Also, Appended, ExecuteError, StoreError};

use super::{RECOVERY_CODES, confirm, digest, recovery_code};
use crate::{Actor, CommandError, Commands, Done, Request};

/// The recovery codes are others.
pub struct Renewed {
    /// Shown once; each counts once.
    pub recovery_codes: Vec<SecretString>,
    pub done: Done,
}

impl Commands {
    /// Gives other recovery codes, while the second factor stays on; those of before count no more. Asks for the password
    /// and for a code, of the app or a recovery code: an open session alone must not be enough to make a way in that
    /// outlives it. `fresh` is 10 random bytes for each code.
    pub async fn renew_recovery_codes(
        &self,
        actor: Actor,
        password: SecretString,
        code: &SecretString,
        fresh: [[u8; 10]; RECOVERY_CODES],
        request: Request,
    ) -> Result<Renewed, CommandError> {
        let (account, at) = (actor.account, request.at);
        self.present_password(account, password).await?;
        let proof = match self.prove_second_factor(account, Some(code), at).await {
            Ok(proof) => proof.ok_or(AccountError::SecondFactorOff)?,
            Err(CommandError::SecondFactorWrong) => return Err(wrong()),
            Err(error) => return Err(error),
        };
        let recovery_codes: Vec<_> = fresh.into_iter().map(recovery_code).collect();
        let keyring = self.log.keyring();
        let codes = recovery_codes.iter().map(|code| digest(keyring, account, code).to_vec()).collect();
        let act = Act {
            by: Some(account),
            expected: request.expected,
            also: vec![Arc::new(proof), Arc::new(Renew { account, codes })],
            ..Act::default()
        };
        let command = AccountCommand::RenewRecoveryCodes { at };
        match self.log.execute::<Account>(account.0, command, act).await {
            // The same code was used by somebody else between the check and here.
            Err(ExecuteError::Store(StoreError::Database(sqlx::Error::RowNotFound))) => Err(wrong()),
            result => {
                let receipt = result?;
                let done = Done { id: account.0, version: receipt.version, position: receipt.position };
                Ok(Renewed { recovery_codes, done })
            }
        }
    }
}

fn wrong() -> CommandError {
    let message = "is neither a code that the app shows now nor a recovery code, or was used before";
    Invalid::one("code", "wrong_factor", message).into()
}

struct Renew {
    account: AccountId,
    codes: Vec<Vec<u8>>,
}

#[async_trait]
impl Also for Renew {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM recovery_codes WHERE account_id = $1")
            .bind(self.account.0)
            .execute(&mut *tx)
            .await?;
        confirm::keep(tx, self.account, &self.codes).await
    }
}
