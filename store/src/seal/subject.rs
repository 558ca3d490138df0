//! A person's own key.

use std::collections::HashMap;

use sqlx::{PgConnection, PgExecutor};
use stage_domain::AccountId;
use uuid::Uuid;

use super::{
    Keyring, MasterKey,
    cipher::{self, Key},
    masters::Masters,
};
use crate::StoreError;

/// A person's key before it is in the database.
#[derive(Clone)]
pub struct NewSubject {
    pub(super) subject: AccountId,
    pub(super) key: Key,
}

/// A person's key, wrapped by the master key of this name.
pub(crate) struct WrappedKey {
    pub(crate) wrapped: Vec<u8>,
    pub(crate) master: String,
}

impl NewSubject {
    /// Like [`Keyring::seal_secret`], before the key is in the database.
    pub fn seal_secret(&self, place: &str, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        cipher::seal(&self.key, &secret_place(place), secret)
    }

    pub(crate) fn id(&self) -> Uuid {
        self.subject.0
    }

    /// As its row has it, under this master key.
    pub(crate) fn wrapped(&self, master: &MasterKey) -> Result<WrappedKey, StoreError> {
        let wrapped = master.wrap(&key_place(self.subject.0), &self.key)?;
        Ok(WrappedKey { wrapped, master: master.name()? })
    }

    /// Wraps the key under the present master key and writes it.
    pub(crate) async fn write(&self, tx: &mut PgConnection, keyring: &Keyring) -> Result<(), StoreError> {
        if !self.write_under(tx, &keyring.presumed_master()).await? {
            let present = keyring.present_master(tx).await?;
            self.write_under(tx, &present).await?;
        }
        Ok(())
    }

    /// Writes nothing when this is not the master key that wraps new keys.
    async fn write_under(&self, tx: &mut PgConnection, master: &MasterKey) -> Result<bool, StoreError> {
        let key = self.wrapped(master)?;
        let written = sqlx::query(
            "INSERT INTO subject_keys (subject, wrapped, master)
             SELECT $1, $2, master FROM installation_keys WHERE name = 'lookup' AND master = $3",
        )
        .bind(self.subject.0)
        .bind(key.wrapped)
        .bind(key.master)
        .execute(tx)
        .await?;
        Ok(written.rows_affected() == 1)
    }
}

/// Keys of several people. Who was erased is not among them.
#[derive(Default)]
pub(crate) struct SubjectKeys(HashMap<Uuid, Key>);

impl SubjectKeys {
    pub(crate) fn get(&self, subject: Uuid) -> Option<&Key> {
        self.0.get(&subject)
    }

    /// With one query; none at all for nobody. Never kept: an erasure must count at once, in every process.
    pub(super) async fn load(
        executor: impl PgExecutor<'_>,
        masters: &Masters,
        subjects: &[Uuid],
    ) -> Result<Self, StoreError> {
        if subjects.is_empty() {
            return Ok(Self::default());
        }
        let rows: Vec<(Uuid, Vec<u8>, String)> =
            sqlx::query_as("SELECT subject, wrapped, master FROM subject_keys WHERE subject = ANY($1)")
                .bind(subjects)
                .fetch_all(executor)
                .await?;
        let mut keys = Self::default();
        for (subject, wrapped, master) in rows {
            keys.unwrap(masters, subject, &wrapped, &master)?;
        }
        Ok(keys)
    }

    /// Takes in a wrapped key that was read from the table.
    pub(super) fn unwrap(
        &mut self,
        masters: &Masters,
        subject: Uuid,
        wrapped: &[u8],
        master: &str,
    ) -> Result<(), StoreError> {
        let key = masters.get(master)?.unwrap_key(&key_place(subject), wrapped)?;
        self.0.insert(subject, key);
        Ok(())
    }

    pub(crate) fn add(&mut self, new: &NewSubject) {
        self.0.insert(new.subject.0, new.key.clone());
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

#[cfg(test)]
impl FromIterator<(Uuid, Key)> for SubjectKeys {
    fn from_iter<I: IntoIterator<Item = (Uuid, Key)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl Keyring {
    /// A new key for a person, to go into the [`crate::Act`] that registers them. Personal values about a
    /// person without a key cannot be appended.
    pub fn new_subject(&self, subject: AccountId) -> Result<NewSubject, StoreError> {
        Ok(NewSubject { subject, key: cipher::new_key()? })
    }
}

/// Makes an erasure of this person wait until the transaction ends. Fails with [`StoreError::NoSubjectKey`] once they are
/// erased; for one that is under way it waits.
pub async fn hold(tx: &mut PgConnection, subject: AccountId) -> Result<(), StoreError> {
    sqlx::query("SELECT FROM subject_keys WHERE subject = $1 FOR KEY SHARE")
        .bind(subject.0)
        .fetch_optional(tx)
        .await?
        .map(drop)
        .ok_or(StoreError::NoSubjectKey)
}

/// Everything personal about this person is unreadable once this is committed.
pub(crate) async fn destroy(tx: &mut PgConnection, subject: AccountId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM subject_keys WHERE subject = $1").bind(subject.0).execute(tx).await?;
    Ok(())
}

/// Destroys the keys of these people and gives back what they claimed, in the caller's transaction: what was sealed under
/// their keys, wherever it was copied to, can't be read any more.
pub async fn forget(tx: &mut PgConnection, subjects: &[Uuid]) -> Result<(), sqlx::Error> {
    for sql in
        ["DELETE FROM subject_keys WHERE subject = ANY($1)", "DELETE FROM claims WHERE owner = ANY($1)"]
    {
        sqlx::query(sql).bind(subjects).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Where a person's wrapped key belongs, so that one person's key is not put in another's place.
pub(super) fn key_place(subject: Uuid) -> String {
    format!("subject_keys/{subject}")
}

/// Where a secret of our own rows belongs. No place of an event begins like this.
pub(super) fn secret_place(place: &str) -> String {
    format!("secret/{place}")
}
