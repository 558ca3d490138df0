//! A person's own key.

use std::collections::HashMap;

use sqlx::{PgConnection, PgExecutor};
use stage_domain::AccountId;
use uuid::Uuid;

use super::{
    Keyring, MasterKey,
    cipher::{self, Key},
};
use crate::StoreError;

/// A person's key before it is in the database.
#[derive(Clone)]
pub struct NewSubject {
    pub(super) subject: AccountId,
    pub(super) key: Key,
    pub(super) wrapped: Vec<u8>,
    pub(super) master: String,
}

impl NewSubject {
    /// Like [`Keyring::seal_secret`], before the key is in the database.
    pub fn seal_secret(&self, place: &str, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        cipher::seal(&self.key, &secret_place(place), secret)
    }

    pub(crate) fn id(&self) -> Uuid {
        self.subject.0
    }

    pub(crate) async fn write(&self, tx: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO subject_keys (subject, wrapped, master) VALUES ($1, $2, $3)")
            .bind(self.subject.0)
            .bind(&self.wrapped)
            .bind(&self.master)
            .execute(tx)
            .await?;
        Ok(())
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
        master: &MasterKey,
        subjects: &[Uuid],
    ) -> Result<Self, StoreError> {
        if subjects.is_empty() {
            return Ok(Self::default());
        }
        let rows: Vec<(Uuid, Vec<u8>)> =
            sqlx::query_as("SELECT subject, wrapped FROM subject_keys WHERE subject = ANY($1)")
                .bind(subjects)
                .fetch_all(executor)
                .await?;
        let open = |(subject, wrapped): (Uuid, Vec<u8>)| {
            Ok((subject, master.unwrap_key(&key_place(subject), &wrapped)?))
        };
        rows.into_iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn add(&mut self, new: &NewSubject) {
        self.0.insert(new.subject.0, new.key.clone());
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
        let key = cipher::new_key()?;
        let wrapped = self.master.wrap(&key_place(subject.0), &key)?;
        Ok(NewSubject { subject, key, wrapped, master: self.master_name.clone() })
    }
}

/// Where a person's wrapped key belongs, so that one person's key is not put in another's place.
fn key_place(subject: Uuid) -> String {
    format!("subject_keys/{subject}")
}

/// Where a secret of our own rows belongs. No place of an event begins like this.
pub(super) fn secret_place(place: &str) -> String {
    format!("secret/{place}")
}
