//! Uniqueness: a claim is a row written in the appending transaction.

use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::{Keyring, StoreError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimKind {
    /// An e-mail address; kept as its keyed hash.
    Email,
    /// A stage's handle.
    Handle,
    /// What a stage links only once: `stage id`, network and address in one string.
    SourceAddress,
    /// An address that a stage invites only once at a time: stage and address in one string; kept as its keyed hash.
    Invitation,
}

impl ClaimKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Handle => "handle",
            Self::SourceAddress => "source_address",
            Self::Invitation => "invitation",
        }
    }
}

/// A change to the claims, made with the events or not at all.
#[derive(Clone, PartialEq, Eq)]
pub enum ClaimChange {
    /// Fails with [`crate::StoreError::Claimed`] when another owner has it.
    Take { kind: ClaimKind, value: String, owner: Uuid },
    /// Does nothing when `owner` does not have it.
    Release { kind: ClaimKind, value: String, owner: Uuid },
}

impl ClaimKind {
    /// What stands for `value` in the table.
    pub(crate) fn key(self, keyring: &Keyring, value: &str) -> Vec<u8> {
        match self {
            Self::Email => keyring.digest("claims/email", normal_email(value).as_bytes()).to_vec(),
            Self::Handle => value.as_bytes().to_vec(),
            Self::Invitation => keyring.digest("claims/invitation", normal_email(value).as_bytes()).to_vec(),
            // An address may be longer than a row of an index.
            Self::SourceAddress => Sha256::digest(value.as_bytes()).to_vec(),
        }
    }
}

/// Addresses that people take for the same are the same: case, spaces around, and the two ways to write a letter
/// with a mark on it.
fn normal_email(value: &str) -> String {
    value.trim().nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// Applies the changes in order. Waits for whoever is claiming the same thing in an open transaction.
pub(crate) async fn apply(
    tx: &mut PgConnection,
    keyring: &Keyring,
    changes: &[ClaimChange],
) -> Result<(), StoreError> {
    for change in changes {
        match change {
            ClaimChange::Take { kind, value, owner } => {
                take(tx, *kind, &kind.key(keyring, value), *owner).await?
            }
            ClaimChange::Release { kind, value, owner } => {
                release(tx, *kind, &kind.key(keyring, value), *owner).await?;
            }
        }
    }
    Ok(())
}

async fn take(tx: &mut PgConnection, kind: ClaimKind, key: &[u8], owner: Uuid) -> Result<(), StoreError> {
    let taken = sqlx::query(
        "INSERT INTO claims (kind, key, owner) VALUES ($1, $2, $3)
         ON CONFLICT (kind, key) DO UPDATE SET owner = excluded.owner WHERE claims.owner = excluded.owner",
    )
    .bind(kind.as_str())
    .bind(key)
    .bind(owner)
    .execute(tx)
    .await?;
    match taken.rows_affected() {
        0 => Err(StoreError::Claimed(kind)),
        _ => Ok(()),
    }
}

async fn release(tx: &mut PgConnection, kind: ClaimKind, key: &[u8], owner: Uuid) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM claims WHERE kind = $1 AND key = $2 AND owner = $3")
        .bind(kind.as_str())
        .bind(key)
        .bind(owner)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whatever `owner` has.
pub(crate) async fn release_all(tx: &mut PgConnection, owner: Uuid) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM claims WHERE owner = $1").bind(owner).execute(tx).await?;
    Ok(())
}

impl crate::Log {
    /// Who has claimed this, if anybody.
    pub async fn claimed_by(&self, kind: ClaimKind, value: &str) -> Result<Option<Uuid>, StoreError> {
        sqlx::query_scalar("SELECT owner FROM claims WHERE kind = $1 AND key = $2")
            .bind(kind.as_str())
            .bind(kind.key(self.keyring(), value))
            .fetch_optional(self.pool())
            .await
            .map_err(StoreError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::normal_email;

    #[test]
    fn an_address_is_the_same_whatever_its_case_spaces_and_composition() {
        assert_eq!(normal_email(" Ada@Example.ORG "), "ada@example.org");
        assert_eq!(normal_email("u\u{308}ber@example.org"), normal_email("Über@example.org"));
        assert_ne!(normal_email("ada@example.org"), normal_email("ada@example.com"));
    }
}
