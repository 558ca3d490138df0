use std::sync::{PoisonError, RwLock};

use sqlx::{PgConnection, PgExecutor, PgPool};
use stage_domain::AccountId;
use uuid::Uuid;

use super::{
    MasterKey, SubjectKeys,
    cipher::{self, Key},
    master::keyed_hash,
    masters::Masters,
    subject::secret_place,
};
use crate::StoreError;

pub use super::masters::MasterKeys;

/// Makes the keyed hashes. Its row also says which master key wraps new keys.
const LOOKUP: &str = "lookup";

/// The opened keys of an installation.
pub struct Keyring {
    pub(super) masters: Masters,
    lookup: Key,
    /// What wrapped new keys when we last looked.
    present: RwLock<MasterKey>,
}

impl Keyring {
    /// Opens the keys with the master keys, and makes them in an empty database, under the first of these. Several
    /// processes may do so at once: the first one's keys hold for all.
    pub async fn open(pool: &PgPool, masters: impl Into<MasterKeys>) -> Result<Self, StoreError> {
        let masters = Masters::new(masters.into());
        let (wrapped, master) = match stored(pool, LOOKUP).await? {
            Some(stored) => stored,
            None => make_first(pool, &masters.first()?).await?,
        };
        let master = masters.get(&master)?;
        let lookup = master.unwrap_key(&place(LOOKUP), &wrapped)?;
        Ok(Self { masters, lookup, present: RwLock::new(master) })
    }

    /// A keyed hash of our own rows' secrets, for looking up and comparing alone. `purpose` keeps hashes of
    /// different columns apart.
    #[must_use]
    pub fn digest(&self, purpose: &str, secret: &[u8]) -> [u8; 32] {
        keyed_hash(&self.lookup, purpose, secret)
    }

    /// The keys of these people, as they are now.
    pub(crate) async fn subject_keys(
        &self,
        executor: impl PgExecutor<'_>,
        subjects: &[Uuid],
    ) -> Result<SubjectKeys, StoreError> {
        SubjectKeys::load(executor, &self.masters, subjects).await
    }

    /// Takes in a row of `subject_keys` that came with something else.
    pub(crate) fn open_subject(
        &self,
        keys: &mut SubjectKeys,
        subject: Uuid,
        wrapped: &[u8],
        master: &str,
    ) -> Result<(), StoreError> {
        keys.unwrap(&self.masters, subject, wrapped, master)
    }

    /// Seals a secret of our own rows (a password's hash, a credential) under this person's key; `place` names
    /// the table and column and is bound to it. `None` once the key is destroyed.
    pub async fn seal_secret(
        &self,
        pool: &PgPool,
        subject: AccountId,
        place: &str,
        secret: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let keys = self.subject_keys(pool, &[subject.0]).await?;
        keys.get(subject.0).map(|key| cipher::seal(key, &secret_place(place), secret)).transpose()
    }

    /// Opens what [`Keyring::seal_secret`] or [`super::NewSubject::seal_secret`] sealed. `None` once the key is
    /// destroyed.
    pub async fn open_secret(
        &self,
        pool: &PgPool,
        subject: AccountId,
        place: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let keys = self.subject_keys(pool, &[subject.0]).await?;
        keys.get(subject.0).map(|key| cipher::open(key, &secret_place(place), sealed)).transpose()
    }

    /// The master key that wraps new keys, until this transaction ends: a rotation waits for whoever holds this lock, as
    /// who writes a person's key does anyway.
    pub(super) async fn present_master(&self, tx: &mut PgConnection) -> Result<MasterKey, StoreError> {
        sqlx::query("LOCK TABLE subject_keys IN ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
        let name: String = sqlx::query_scalar("SELECT master FROM installation_keys WHERE name = $1")
            .bind(LOOKUP)
            .fetch_one(tx)
            .await?;
        let master = self.masters.get(&name)?;
        *self.present.write().unwrap_or_else(PoisonError::into_inner) = master.clone();
        Ok(master)
    }

    /// The same without asking: the database has to be asked whether it still is.
    pub(crate) fn presumed_master(&self) -> MasterKey {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The installation's key of this name, made at the first time.
    pub(super) async fn installation_key(&self, pool: &PgPool, name: &str) -> Result<Key, StoreError> {
        let (wrapped, master) = match stored(pool, name).await? {
            Some(stored) => stored,
            None => {
                let mut tx = pool.begin().await?;
                let master = self.present_master(&mut tx).await?;
                insert(&mut tx, name, &master).await?;
                tx.commit().await?;
                stored(pool, name).await?.ok_or(StoreError::WrongMasterKey)?
            }
        };
        self.masters.get(&master)?.unwrap_key(&place(name), &wrapped)
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("masters", &self.masters).finish_non_exhaustive()
    }
}

/// Where an installation's wrapped key belongs.
pub(super) fn place(name: &str) -> String {
    format!("installation_keys/{name}")
}

/// The wrapped key and the name of the master key that wrapped it.
async fn stored(pool: &PgPool, name: &str) -> Result<Option<(Vec<u8>, String)>, StoreError> {
    sqlx::query_as("SELECT wrapped, master FROM installation_keys WHERE name = $1")
        .bind(name)
        .fetch_optional(pool)
        .await
        .map_err(StoreError::from)
}

async fn make_first(pool: &PgPool, master: &MasterKey) -> Result<(Vec<u8>, String), StoreError> {
    insert(&mut *pool.acquire().await?, LOOKUP, master).await?;
    // Perhaps another process was first.
    stored(pool, LOOKUP).await?.ok_or(StoreError::WrongMasterKey)
}

async fn insert(connection: &mut PgConnection, name: &str, master: &MasterKey) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO installation_keys (name, wrapped, master) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
    )
    .bind(name)
    .bind(master.wrap(&place(name), &cipher::new_key()?)?)
    .bind(master.name()?)
    .execute(connection)
    .await?;
    Ok(())
}
