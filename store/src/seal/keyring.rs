use sqlx::{PgExecutor, PgPool};
use stage_domain::AccountId;
use uuid::Uuid;

use super::{
    MasterKey, SubjectKeys,
    cipher::{self, Key},
    master::keyed_hash,
    subject::secret_place,
};
use crate::StoreError;

const LOOKUP: &str = "lookup";
const LOOKUP_PLACE: &str = "installation_keys/lookup";

/// The opened keys of an installation.
pub struct Keyring {
    pub(super) master: MasterKey,
    pub(super) master_name: String,
    lookup: Key,
}

impl Keyring {
    /// Opens the keys with the master key, and makes them in an empty database. Several processes may do so
    /// at once: the first one's keys hold for all.
    pub async fn open(pool: &PgPool, master: MasterKey) -> Result<Self, StoreError> {
        let master_name = master.name()?;
        let wrapped = match stored(pool).await? {
            Some(wrapped) => wrapped,
            None => make(pool, &master, &master_name).await?,
        };
        let lookup = master.unwrap_key(LOOKUP_PLACE, &wrapped)?;
        Ok(Self { master, master_name, lookup })
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
        SubjectKeys::load(executor, &self.master, subjects).await
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
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("master", &self.master_name).finish_non_exhaustive()
    }
}

async fn stored(pool: &PgPool) -> Result<Option<Vec<u8>>, StoreError> {
    sqlx::query_scalar("SELECT wrapped FROM installation_keys WHERE name = $1")
        .bind(LOOKUP)
        .fetch_optional(pool)
        .await
        .map_err(StoreError::from)
}

async fn make(pool: &PgPool, master: &MasterKey, master_name: &str) -> Result<Vec<u8>, StoreError> {
    let wrapped = master.wrap(LOOKUP_PLACE, &cipher::new_key()?)?;
    sqlx::query(
        "INSERT INTO installation_keys (name, wrapped, master) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
    )
    .bind(LOOKUP)
    .bind(&wrapped)
    .bind(master_name)
    .execute(pool)
    .await?;
    // Perhaps another process was first.
    Ok(stored(pool).await?.unwrap_or(wrapped))
}
