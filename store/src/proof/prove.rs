//! Proofs that an auditor checks without us.

use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use tlog_tiles::{Hash, check_record, check_tree, prove_record, prove_tree, tree_hash};

use super::{Checkpoint, Digest, ProofError, PublicKey, scan, tree};
use crate::Position;

/// That an event is in the tree of a checkpoint.
#[derive(Clone, Debug)]
pub struct Inclusion {
    pub position: Position,
    /// The number of its leaf; the first is 0.
    pub index: u64,
    pub leaf: Digest,
    /// From the leaf's neighbour up (RFC 6962, section 2.1.1).
    pub path: Vec<Digest>,
    /// The note as it is stored. Whether its signature is right is for the auditor's key to say.
    pub note: String,
    pub size: u64,
    pub root: Digest,
}

/// That a tree is the beginning of a larger one.
#[derive(Clone, Debug)]
pub struct Consistency {
    pub from: Head,
    pub to: Head,
    /// RFC 6962, section 2.1.2.
    pub path: Vec<Digest>,
}

/// A tree, with the note where its size was signed.
#[derive(Clone, Debug)]
pub struct Head {
    pub size: u64,
    pub root: Digest,
    pub note: Option<String>,
}

/// What is written down about the last checkpoint.
#[derive(Clone, Debug, Serialize)]
pub struct Signed {
    pub size: u64,
    /// Of the last event that it is about.
    pub position: Position,
    pub note: String,
    pub signed_at: chrono::DateTime<chrono::Utc>,
}

/// The last checkpoint, or the last of at most `size` events. Its signature is not checked.
pub async fn checkpoint(pool: &PgPool, size: Option<u64>) -> Result<Option<Signed>, ProofError> {
    let row: Option<(i64, Position, String, _)> = sqlx::query_as(
        "SELECT size, position, note, signed_at FROM checkpoints WHERE size <= $1 ORDER BY size DESC LIMIT 1",
    )
    .bind(size.map_or(i64::MAX, |size| i64::try_from(size).unwrap_or(i64::MAX)))
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(size, position, note, signed_at)| Signed {
        size: size.cast_unsigned(),
        position,
        note,
        signed_at,
    }))
}

/// Proves that the event at this position, as it is stored now, is in the tree of the last checkpoint. Without
/// `keys` the signature is left for the auditor to check.
pub async fn inclusion(
    pool: &PgPool,
    position: Position,
    keys: Option<&[PublicKey]>,
) -> Result<Inclusion, ProofError> {
    let connection = &mut *pool.acquire().await?;
    let last = last(pool, keys).await?;
    let Some(leaf) = leaf(connection, position).await? else { return Err(ProofError::NoEvent(position)) };
    let index = match tree::leaf_of(connection, position).await? {
        Some(index) if index < last.size => index,
        _ => return Err(ProofError::NotSigned(position)),
    };
    let path = tree::with_hashes(connection, |hashes| prove_record(last.size, index, hashes)).await?;
    check_record(&path, last.size, Hash(last.root), index, Hash(leaf))
        .map_err(|_| ProofError::Differs(position))?;
    let path = path.into_iter().map(|hash| hash.0).collect();
    Ok(Inclusion { position, index, leaf, path, note: last.note, size: last.size, root: last.root })
}

/// Proves that the tree of the first `from` events is the beginning of that of the first `to`, by default those of the
/// last checkpoint.
pub async fn consistency(
    pool: &PgPool,
    from: u64,
    to: Option<u64>,
    keys: Option<&[PublicKey]>,
) -> Result<Consistency, ProofError> {
    let last = last(pool, keys).await?;
    let to = to.unwrap_or(last.size);
    if from == 0 || from > to || to > last.size {
        return Err(ProofError::Sizes { from, to, size: last.size });
    }
    let connection = &mut *pool.acquire().await?;
    let path = tree::with_hashes(connection, |hashes| prove_tree(to, from, hashes)).await?;
    let (from, to) = (head(connection, from).await?, head(connection, to).await?);
    check_tree(&path, to.size, Hash(to.root), from.size, Hash(from.root)).map_err(|_| ProofError::Tree)?;
    Ok(Consistency { from, to, path: path.into_iter().map(|hash| hash.0).collect() })
}

async fn last(pool: &PgPool, keys: Option<&[PublicKey]>) -> Result<Checkpoint, ProofError> {
    let signed = checkpoint(pool, None).await?.ok_or(ProofError::NoCheckpoint)?;
    let read = match keys {
        Some(keys) => Checkpoint::read(&signed.note, keys),
        None => Checkpoint::unchecked(&signed.note),
    };
    read.map_err(|source| ProofError::Checkpoint { size: signed.size, source })
}

async fn leaf(connection: &mut PgConnection, position: Position) -> Result<Option<Digest>, ProofError> {
    let mut found = None;
    scan::leaves(connection, position.saturating_sub(1), position, None, |_, leaf| found = Some(leaf))
        .await?;
    found.transpose().map_err(|source| ProofError::NotCanonical { position, source })
}

async fn head(connection: &mut PgConnection, size: u64) -> Result<Head, ProofError> {
    let root = tree::with_hashes(connection, |hashes| tree_hash(size, hashes)).await?.0;
    let note = sqlx::query_scalar("SELECT note FROM checkpoints WHERE size = $1")
        .bind(size.cast_signed())
        .fetch_optional(connection)
        .await?;
    Ok(Head { size, root, note })
}

impl Inclusion {
    /// As C2SP tlog-proof writes it: all that an offline check needs besides the event and the log's public key.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("c2sp.org/tlog-proof@v1\nindex {}\n{}\n{}", self.index, lines(&self.path), self.note)
    }
}

impl Consistency {
    /// Both trees, then the proof, a hash a line, then the later checkpoint where its size was signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        let head = |name, head: &Head| format!("{name} {} {}\n", head.size, base64(&head.root));
        let note = self.to.note.as_deref().unwrap_or_default();
        format!("{}{}{}\n{note}", head("from", &self.from), head("to", &self.to), lines(&self.path))
    }
}

/// As checkpoints and proofs write a hash.
#[must_use]
pub fn base64(hash: &Digest) -> String {
    Hash(*hash).to_string()
}

fn lines(hashes: &[Digest]) -> String {
    hashes.iter().map(|hash| format!("{}\n", base64(hash))).collect()
}
