//! Finishing erasures: the person leaves their stages, those that nobody else owns are closed, their files deleted, the
//! destroyed key is taken out of PostgreSQL's table, and a receipt is signed.

use chrono::SecondsFormat;
use stage_domain::{AccountId, StageId};
use stage_store::Position;
use uuid::Uuid;

use super::texts::RECEIPT;
use crate::{CommandError, Commands, Now, Time};

/// An erasure and how far it is. It says nothing about the person but the number that the account had.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Erasure {
    pub account_id: Uuid,
    /// Of the event that tells of it.
    pub position: Position,
    pub erased_at: Time,
    /// Stages closed.
    pub stages: i32,
    /// Files deleted.
    pub files: i32,
    pub finished_at: Option<Time>,
    /// A signed note, once all is done.
    pub receipt: Option<String>,
}

impl Commands {
    /// The erasure of this account; `None` when it was not erased.
    pub async fn erasure(&self, account: AccountId) -> Result<Option<Erasure>, CommandError> {
        let erasure = sqlx::query_as(
            "SELECT account_id, position, erased_at, stages, files, finished_at, receipt
             FROM erasures WHERE account_id = $1",
        )
        .bind(account.0)
        .fetch_optional(self.log.pool())
        .await?;
        Ok(erasure)
    }

    /// Goes on with every erasure that is under way, and deletes the files of stages that were closed. Says how many
    /// erasures it finished. What fails is left for the next time, and the others go on; the last failure comes back.
    pub async fn finish_erasures(&self, now: Now<'_>) -> Result<usize, CommandError> {
        let under_way: Vec<Uuid> = sqlx::query_scalar(
            "SELECT account_id FROM erasures WHERE finished_at IS NULL ORDER BY erased_at",
        )
        .fetch_all(self.log.pool())
        .await?;
        let (mut finished, mut failure) = (0, None);
        for account in under_way {
            match self.finish_erasure(AccountId(account), now).await {
                Ok(()) => finished += 1,
                Err(error) => failure = Some(error),
            }
        }
        let closed: Vec<Uuid> = sqlx::query_scalar(
            "SELECT stage_id FROM stage_owners WHERE closed_at IS NOT NULL ORDER BY closed_at",
        )
        .fetch_all(self.log.pool())
        .await?;
        for stage in closed {
            failure = self.delete_files(StageId(stage)).await.err().or(failure);
        }
        failure.map_or(Ok(finished), Err)
    }

    /// Each step leaves behind that it is done; repeated, it does what is left.
    pub(super) async fn finish_erasure(&self, account: AccountId, now: Now<'_>) -> Result<(), CommandError> {
        // A stage that has another owner goes on without the person.
        self.end_memberships(account, now()).await?;
        let closed: Vec<Uuid> = sqlx::query_scalar(
            "SELECT stage_id FROM stage_owners WHERE owner = $1 AND closed_at IS NOT NULL ORDER BY stage_id",
        )
        .bind(account.0)
        .fetch_all(self.log.pool())
        .await?;
        for stage in closed {
            self.delete_files(StageId(stage)).await?;
        }
        self.sign(account, now).await
    }

    async fn sign(&self, account: AccountId, now: Now<'_>) -> Result<(), CommandError> {
        let Some(erasure) = self.erasure(account).await?.filter(|erasure| erasure.receipt.is_none()) else {
            return Ok(());
        };
        self.vacuum_keys().await;
        let pool = self.log.pool();
        // Only now: closing stages and deleting files takes its time.
        let finished_at = now();
        let receipt = self.log.keyring().sign_receipt(pool, &text(&erasure, finished_at)).await?;
        sqlx::query(
            "WITH over AS (DELETE FROM restrictions WHERE account_id = $1)
             UPDATE erasures SET finished_at = $2, receipt = $3 WHERE account_id = $1 AND finished_at IS NULL",
        )
        .bind(account.0)
        .bind(finished_at)
        .bind(receipt)
        .execute(pool)
        .await?;
        Ok(())
    }

    /// Takes destroyed keys out of PostgreSQL's table. What stands in the way is waited for by the next sweep and not by the
    /// person: the key opens nothing without the master key.
    pub(crate) async fn vacuum_keys(&self) {
        let left = match stage_store::vacuum_keys(self.log.pool()).await {
            Ok(true) => return,
            Ok(false) => "an old transaction may see it, or this role does not own the table".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(
            left,
            "a destroyed key, wrapped, may still be in the table subject_keys; the next hourly sweep vacuums it again"
        );
    }
}

/// What the receipt says: lines that a person and a program can read.
fn text(erasure: &Erasure, finished_at: Time) -> String {
    let time = |time: Time| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let Erasure { account_id, position, erased_at, stages, files, .. } = erasure;
    format!(
        "stage erasure receipt v1\naccount {account_id}\nposition {position}\nkey destroyed {}\nstages closed {stages}\n\
         files deleted {files}\nfinished {}\n{}\n{}\n",
        time(*erased_at),
        time(finished_at),
        RECEIPT.en,
        RECEIPT.de
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_says_what_was_done_and_when() {
        let at = Time::UNIX_EPOCH;
        let erasure = Erasure {
            account_id: Uuid::from_u128(7),
            position: 12,
            erased_at: at,
            stages: 2,
            files: 3,
            finished_at: None,
            receipt: None,
        };
        assert_eq!(
            text(&erasure, at),
            "stage erasure receipt v1\naccount 00000000-0000-0000-0000-000000000007\nposition 12\n\
             key destroyed 1970-01-01T00:00:00Z\nstages closed 2\nfiles deleted 3\nfinished 1970-01-01T00:00:00Z\n\
             The key under which everything personal of this account was sealed is destroyed. Nobody can read it any more.\n\
             Der Schlüssel, unter dem alles Personenbezogene dieses Kontos versiegelt war, ist vernichtet. Niemand kann es \
             mehr lesen.\n"
        );
    }
}
