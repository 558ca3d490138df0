//! Commands that are safe to send again: what a command with an Idempotency-Key answered is written in the
//! transaction of its events, so that a second sending finds either both or neither.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{PgConnection, Row};
use stage_domain::AccountId;
use stage_store::{Act, Also, Appended, Receipt};
use uuid::Uuid;

use crate::{CommandError, Commands, Done, IDEMPOTENCY_LIFE, Request, Time};

impl Commands {
    /// Carries out `command` once for an Idempotency-Key; sent again, the first answer is given again.
    /// `id` is what the answer names. `command` gets the [`Act`] to go on from.
    pub(crate) async fn once<F, E>(
        &self,
        by: Option<AccountId>,
        request: &Request,
        id: Uuid,
        command: impl FnOnce(Act) -> F,
    ) -> Result<Done, CommandError>
    where
        F: Future<Output = Result<Receipt, E>>,
        CommandError: From<E>,
    {
        let mut act = Act { by, expected: request.expected, ..Act::default() };
        let key = self.key(by, request);
        if let Some(key) = &key {
            if let Some(answer) = self.remembered(key, request.at).await? {
                return Ok(answer);
            }
            // An erasure that comes at the same time finds the answer, or comes first and there is none.
            act.living = by;
            act.also.push(Arc::new(Remember { key: key.clone(), by, id, at: request.at }));
        }
        match (command(act).await.map_err(CommandError::from), key) {
            (Ok(receipt), _) => Ok(answer(id, receipt)),
            // The same request was carried out beside this one.
            (Err(error), Some(key)) => match self.remembered(&key, request.at).await? {
                Some(answer) => Ok(answer),
                None => Err(error),
            },
            (Err(error), None) => Err(error),
        }
    }

    fn key(&self, by: Option<AccountId>, request: &Request) -> Option<Key> {
        let client = request.idempotency.as_ref()?;
        let scope = by.unwrap_or_default().0;
        let keyring = self.log.keyring();
        let key = keyring.digest("idempotency key", &[scope.as_bytes(), client.key.as_bytes()].concat());
        Some(Key { key, fingerprint: keyring.digest("idempotency fingerprint", &client.fingerprint) })
    }

    async fn remembered(&self, key: &Key, now: Time) -> Result<Option<Done>, CommandError> {
        let row = sqlx::query(
            "SELECT fingerprint, answer FROM idempotency_keys WHERE key = $1 AND created_at > $2",
        )
        .bind(&key.key[..])
        .bind(now - IDEMPOTENCY_LIFE)
        .fetch_optional(self.log.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.get::<Vec<u8>, _>("fingerprint") != key.fingerprint {
            return Err(CommandError::IdempotencyKeyReused);
        }
        let sqlx::types::Json(answer) = row.get("answer");
        Ok(Some(answer))
    }
}

fn answer(id: Uuid, receipt: Receipt) -> Done {
    Done { id, version: receipt.version, position: receipt.position }
}

#[derive(Clone)]
struct Key {
    key: [u8; 32],
    fingerprint: [u8; 32],
}

struct Remember {
    key: Key,
    by: Option<AccountId>,
    id: Uuid,
    at: Time,
}

#[async_trait]
impl Also for Remember {
    async fn write(&self, tx: &mut PgConnection, appended: &Appended) -> Result<(), sqlx::Error> {
        // One that was forgotten but not yet swept makes room.
        sqlx::query("DELETE FROM idempotency_keys WHERE key = $1 AND created_at <= $2")
            .bind(&self.key.key[..])
            .bind(self.at - IDEMPOTENCY_LIFE)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO idempotency_keys (key, fingerprint, answer, created_at, account_id)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&self.key.key[..])
        .bind(&self.key.fingerprint[..])
        .bind(sqlx::types::Json(answer(self.id, appended.receipt)))
        .bind(self.at)
        // A registration has nobody who asks, and its answer names the account.
        .bind(self.by.map_or(self.id, |by| by.0))
        .execute(tx)
        .await
        .map(drop)
    }
}
