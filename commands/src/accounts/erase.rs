//! Erasing a person (Art. 17 GDPR).
//!
//! One transaction does what can't be taken back: the event, the key's destruction, and the rows that hold or stand
//! for the person. It also writes down that the rest is to be done, stages and files, so that any process finishes
//! it, also after a crash (`erasures.rs`).

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use sqlx::PgConnection;
use stage_domain::{
    AccountId,
    account::{Account, AccountCommand},
};
use stage_store::{Act, Also, Appended};

use super::{Erasure, restrict::Restrict};
use crate::{Actor, CommandError, Commands, Missing, Now, Request, Time};

/// Rows that go with the person; `$1` is the account. A table that says something about an account has its line
/// here; only `restrictions` is needed until the erasure is finished.
const FORGET: &[&str] = &[
    "DELETE FROM credentials WHERE account_id = $1",
    "DELETE FROM sessions WHERE account_id = $1",
    "DELETE FROM idempotency_keys WHERE account_id = $1",
    "DELETE FROM second_factors WHERE account_id = $1",
    "DELETE FROM recovery_codes WHERE account_id = $1",
    // The invitation is the stage's and stays open; nobody has invited.
    "UPDATE invitations SET invited_by = '00000000-0000-0000-0000-000000000000' WHERE invited_by = $1",
];

impl Commands {
    /// Erases the account of the person who asks, if the password is right, and finishes what can be finished now.
    pub async fn erase_account(
        &self,
        actor: Actor,
        password: SecretString,
        request: Request,
        now: Now<'_>,
    ) -> Result<Erasure, CommandError> {
        self.present_password(actor.account, password).await?;
        self.erase(actor.account, Some(actor.account), request, now).await
    }

    /// Erases an account on the operator's word. Sent again, it says how far the erasure is.
    pub async fn erase(
        &self,
        account: AccountId,
        by: Option<AccountId>,
        request: Request,
        now: Now<'_>,
    ) -> Result<Erasure, CommandError> {
        if self.erasure(account).await?.is_none() {
            let act = Act {
                by,
                expected: request.expected,
                erased: Some(account),
                also: vec![Arc::new(Forget { account, at: request.at })],
                ..Act::default()
            };
            let command = AccountCommand::Erase { at: request.at };
            match self.log.execute::<Account>(account.0, command, act).await.map_err(CommandError::from) {
                Ok(_) => {}
                // Somebody else did at the same time.
                Err(error) if self.erasure(account).await?.is_none() => return Err(error),
                Err(_) => {}
            }
        }
        if let Err(error) = self.finish_erasure(account, now).await {
            tracing::warn!(%error, "an erasure is not finished yet; it is tried again");
        }
        self.erasure(account).await?.ok_or(CommandError::NotFound(Missing::Account))
    }
}

struct Forget {
    account: AccountId,
    at: Time,
}

#[async_trait]
impl Also for Forget {
    async fn write(&self, tx: &mut PgConnection, appended: &Appended) -> Result<(), sqlx::Error> {
        for forget in FORGET {
            sqlx::query(forget).bind(self.account.0).execute(&mut *tx).await?;
        }
        // Nothing of the person is shown and polled while the rest is still to be done. It goes when that is.
        Restrict(self.account).write(tx, appended).await?;
        sqlx::query("INSERT INTO erasures (account_id, position, erased_at) VALUES ($1, $2, $3)")
            .bind(self.account.0)
            .bind(appended.receipt.position)
            .bind(self.at)
            .execute(tx)
            .await
            .map(drop)
    }
}
