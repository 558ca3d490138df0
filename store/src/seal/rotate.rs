//! Wrapping every key anew under another master key, while programs run.
//!
//! First the installation's own keys, in one transaction. Their row names the master key that wraps new keys, and the
//! transaction has `subject_keys` for itself. An INSERT takes its lock on that table before it looks at anything, so it either
//! was committed before or reads the new name: from then on nothing is wrapped by the old one. Then the people's keys, batch
//! by batch. Each row names its master key, so a rotation that was killed goes on where it was.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{MasterKey, MasterKeys, keyring, masters::Masters, subject::key_place};
use crate::StoreError;

/// Keys of one transaction.
const BATCH: i64 = 500;

/// What a rotation wrapped anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    pub installation_keys: u64,
    pub subject_keys: u64,
}

impl Rotated {
    /// Wraps everything anew under the first of these master keys; the others open what is there. `progress` is told
    /// after each batch.
    pub async fn all(
        pool: &PgPool,
        masters: MasterKeys,
        mut progress: impl FnMut(Self),
    ) -> Result<Self, StoreError> {
        let masters = Masters::new(masters);
        let to = masters.first()?;
        let mut rotated =
            Self { installation_keys: installation(pool, &masters, &to).await?, ..Self::default() };
        progress(rotated);
        loop {
            match batch(pool, &masters, &to).await? {
                0 => break,
                keys => rotated.subject_keys += keys,
            }
            progress(rotated);
        }
        // The old forms are of no use to anybody from here on.
        for table in ["installation_keys", "subject_keys"] {
            sqlx::query(&format!("VACUUM {table}")).execute(pool).await?;
        }
        Ok(rotated)
    }
}

async fn installation(pool: &PgPool, masters: &Masters, to: &MasterKey) -> Result<u64, StoreError> {
    let mut tx = pool.begin().await?;
    sqlx::query("LOCK TABLE subject_keys IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    let rows: Vec<(String, Vec<u8>, String)> = sqlx::query_as(
        "SELECT name, wrapped, master FROM installation_keys WHERE master <> $1 ORDER BY name FOR UPDATE",
    )
    .bind(to.name()?)
    .fetch_all(&mut *tx)
    .await?;
    for (name, wrapped, master) in &rows {
        let place = keyring::place(name);
        let key = masters.get(master)?.unwrap_key(&place, wrapped)?;
        sqlx::query("UPDATE installation_keys SET wrapped = $2, master = $3 WHERE name = $1")
            .bind(name)
            .bind(to.wrap(&place, &key)?)
            .bind(to.name()?)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(rows.len() as u64)
}

async fn batch(pool: &PgPool, masters: &Masters, to: &MasterKey) -> Result<u64, StoreError> {
    let mut tx = pool.begin().await?;
    // An erasure that is under way is waited for; its row is then not among them.
    let rows: Vec<(Uuid, Vec<u8>, String)> = sqlx::query_as(
        "SELECT subject, wrapped, master FROM subject_keys WHERE master <> $1 ORDER BY subject LIMIT $2 FOR UPDATE",
    )
    .bind(to.name()?)
    .bind(BATCH)
    .fetch_all(&mut *tx)
    .await?;
    let mut wrapped = Vec::with_capacity(rows.len());
    for (subject, old, master) in &rows {
        let key = masters.get(master)?.unwrap_key(&key_place(*subject), old)?;
        wrapped.push(to.wrap(&key_place(*subject), &key)?);
    }
    update(&mut tx, rows.iter().map(|row| row.0).collect(), wrapped, to).await?;
    tx.commit().await?;
    Ok(rows.len() as u64)
}

async fn update(
    tx: &mut PgConnection,
    subjects: Vec<Uuid>,
    wrapped: Vec<Vec<u8>>,
    to: &MasterKey,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE subject_keys SET wrapped = new.wrapped, master = $3
         FROM UNNEST($1::uuid[], $2::bytea[]) AS new (subject, wrapped) WHERE subject_keys.subject = new.subject",
    )
    .bind(subjects)
    .bind(wrapped)
    .bind(to.name()?)
    .execute(tx)
    .await?;
    Ok(())
}
