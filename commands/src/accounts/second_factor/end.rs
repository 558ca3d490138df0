use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use sqlx::PgConnection;
use stage_domain::{
    AccountId,
    account::{Account, AccountCommand},
};
use stage_store::{Also, Appended};

use crate::{Actor, CommandError, Commands, Done, Request};

impl Commands {
    /// Turns the second factor off: its secret and the recovery codes are gone. Asks for the password.
    pub async fn disable_second_factor(
        &self,
        actor: Actor,
        password: SecretString,
        request: Request,
    ) -> Result<Done, CommandError> {
        let account = actor.account;
        let command = AccountCommand::DisableSecondFactor { at: request.at };
        self.once(Some(account), &request, account.0, |mut act| async move {
            self.present_password(account, password).await?;
            act.also.push(Arc::new(Disable(account)));
            Ok::<_, CommandError>(self.log.execute::<Account>(account.0, command, act).await?)
        })
        .await
    }
}

struct Disable(AccountId);

#[async_trait]
impl Also for Disable {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        for forget in [
            "DELETE FROM second_factors WHERE account_id = $1",
            "DELETE FROM recovery_codes WHERE account_id = $1",
        ] {
            sqlx::query(forget).bind(self.0.0).execute(&mut *tx).await?;
        }
        Ok(())
    }
}
