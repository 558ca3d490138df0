//! Restricting what data is used for (Art. 18 GDPR), and the end of it, of which the person is told first.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{
    AccountId,
    account::{Account, AccountCommand},
};
use stage_store::{Act, Also, Appended, Position};
use uuid::Uuid;

use crate::{CommandError, Commands, Done, Request, Time};

impl Commands {
    /// Restricts at once; or asks for the end, which comes once the person was told (see
    /// [`Commands::lift_restrictions`]).
    pub async fn restrict_account(
        &self,
        account: AccountId,
        restricted: bool,
        request: Request,
    ) -> Result<Done, CommandError> {
        let at = request.at;
        self.once(Some(account), &request, account.0, |mut act| {
            let command = match restricted {
                true => {
                    // No event where it is restricted already, and so no conflict with an erasure at the same time.
                    act.living = Some(account);
                    act.also.push(Arc::new(Restrict(account)));
                    AccountCommand::Restrict { at }
                }
                false => {
                    act.also.push(Arc::new(EndAfter(account)));
                    AccountCommand::AnnounceLift { at }
                }
            };
            self.log.execute::<Account>(account.0, command, act)
        })
        .await
    }

    /// Lifts the restrictions whose end was announced at or before `told`: up to there, what is to be sent was handed
    /// to the outbox. Those of `but_for` stay, who are yet to be told. One that fails is left for the next time, and the others
    /// go on; the last failure comes back.
    pub async fn lift_restrictions(
        &self,
        told: Position,
        but_for: &[AccountId],
        now: Time,
    ) -> Result<usize, CommandError> {
        let but_for: Vec<Uuid> = but_for.iter().map(|account| account.0).collect();
        let accounts: Vec<Uuid> = sqlx::query_scalar(
            "SELECT account_id FROM restrictions WHERE lift_after <= $1 AND account_id <> ALL($2) ORDER BY lift_after",
        )
        .bind(told)
        .bind(but_for)
        .fetch_all(self.log.pool())
        .await?;
        let (mut lifted, mut failure) = (0, None);
        for account in &accounts {
            let act = Act { also: vec![Arc::new(Lifted(*account, told))], ..Act::default() };
            match self.log.execute::<Account>(*account, AccountCommand::Lift { at: now }, act).await {
                Ok(_) => lifted += 1,
                Err(error) => match CommandError::from(error) {
                    // Erased meanwhile.
                    CommandError::NotFound(_) => {}
                    error => failure = Some(error),
                },
            }
        }
        failure.map_or(Ok(lifted), Err)
    }
}

pub(super) struct Restrict(pub(super) AccountId);

#[async_trait]
impl Also for Restrict {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO restrictions (account_id) VALUES ($1) ON CONFLICT (account_id) DO UPDATE SET lift_after = NULL",
        )
        .bind(self.0.0)
        .execute(tx)
        .await
        .map(drop)
    }
}

pub(super) struct EndAfter(pub(super) AccountId);

#[async_trait]
impl Also for EndAfter {
    async fn write(&self, tx: &mut PgConnection, appended: &Appended) -> Result<(), sqlx::Error> {
        // Announced once already: that one counts.
        sqlx::query("UPDATE restrictions SET lift_after = coalesce(lift_after, $2) WHERE account_id = $1")
            .bind(self.0.0)
            .bind(appended.receipt.position)
            .execute(tx)
            .await
            .map(drop)
    }
}

/// Not when it was restricted anew meanwhile.
struct Lifted(Uuid, Position);

#[async_trait]
impl Also for Lifted {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM restrictions WHERE account_id = $1 AND lift_after <= $2")
            .bind(self.0)
            .bind(self.1)
            .execute(tx)
            .await
            .map(drop)
    }
}
