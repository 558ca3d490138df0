//! The stored tree: leaves a row a step, and the roots of subtrees of 256, 65,536, … leaves. What lies in between is
//! worked out from at most 256 hashes of the level below.

use std::{cell::RefCell, collections::HashMap};

use sqlx::{PgConnection, Row as _};
use tlog_tiles::{Hash, HashReader, split_stored_hash_index, sub_tree_index};

use super::{Digest, ProofError, frontier::Frontier};
use crate::Position;

/// Levels between two that are stored.
pub(super) const STEP: u8 = 8;

/// A run of leaves, as one step of the notary wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub first: u64,
    pub positions: Vec<Position>,
    pub hashes: Vec<Digest>,
}

/// Leaves from `from` up to, not including, `to`, in the runs that hold them, which may begin before and end after.
pub(crate) async fn runs(connection: &mut PgConnection, from: u64, to: u64) -> Result<Vec<Run>, ProofError> {
    let rows = sqlx::query(
        "SELECT first, positions, hashes FROM tree_leaves
         WHERE first >= (SELECT coalesce(max(first), 0) FROM tree_leaves WHERE first <= $1) AND first < $2
         ORDER BY first",
    )
    .bind(from.cast_signed())
    .bind(to.cast_signed())
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let hashes: Vec<u8> = row.try_get("hashes")?;
            Ok(Run {
                first: row.try_get::<i64, _>("first")?.cast_unsigned(),
                positions: row.try_get("positions")?,
                hashes: hashes.chunks_exact(32).filter_map(|hash| hash.try_into().ok()).collect(),
            })
        })
        .collect()
}

/// The number of leaves that are stored.
pub(crate) async fn size(connection: &mut PgConnection) -> Result<u64, ProofError> {
    let size: Option<i64> = sqlx::query_scalar(
        "SELECT first + cardinality(positions) FROM tree_leaves ORDER BY first DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    Ok(size.unwrap_or(0).cast_unsigned())
}

/// The number of the leaf that stands for the event at this position.
pub(crate) async fn leaf_of(
    connection: &mut PgConnection,
    position: Position,
) -> Result<Option<u64>, ProofError> {
    let run: Option<(i64, Vec<Position>)> = sqlx::query_as(
        "SELECT first, positions FROM tree_leaves WHERE positions[1] <= $1
         ORDER BY positions[1] DESC LIMIT 1",
    )
    .bind(position)
    .fetch_optional(connection)
    .await?;
    Ok(run.and_then(|(first, positions)| {
        let place = positions.binary_search(&position).ok()?;
        Some(first.cast_unsigned() + place as u64)
    }))
}

/// The right edge of the tree when it had `size` leaves.
pub(crate) async fn frontier(connection: &mut PgConnection, size: u64) -> Result<Frontier, ProofError> {
    let indexes = sub_tree_index(0, size, Vec::new());
    let hashes = read(connection, &indexes).await?;
    let peaks = indexes.iter().map(|index| hashes[index].0).collect();
    Frontier::new(size, peaks).ok_or(ProofError::Tree)
}

/// What `ask` makes of the stored hashes. The functions of tlog_tiles ask a [`HashReader`], which can't wait for a
/// database, once for all that they need; so they are asked twice: what they need, and what they make of it.
pub(super) async fn with_hashes<T>(
    connection: &mut PgConnection,
    ask: impl Fn(&Hashes) -> Result<T, tlog_tiles::Error>,
) -> Result<T, ProofError> {
    let hashes = Hashes::default();
    if let Ok(done) = ask(&hashes) {
        return Ok(done);
    }
    let needed = hashes.needed.take();
    let hashes = Hashes { known: read(connection, &needed).await?, ..Hashes::default() };
    ask(&hashes).map_err(|_| ProofError::Tree)
}

#[derive(Default)]
pub(super) struct Hashes {
    known: HashMap<u64, Hash>,
    needed: RefCell<Vec<u64>>,
}

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let found: Option<Vec<Hash>> = indexes.iter().map(|index| self.known.get(index).copied()).collect();
        found.ok_or_else(|| {
            self.needed.replace(indexes.to_vec());
            tlog_tiles::Error::IndexesNotInTree
        })
    }
}

async fn read(connection: &mut PgConnection, indexes: &[u64]) -> Result<HashMap<u64, Hash>, ProofError> {
    let mut hashes = HashMap::with_capacity(indexes.len());
    for index in indexes {
        let (level, n) = split_stored_hash_index(*index);
        let stored = level / STEP * STEP;
        let height = level - stored;
        let below = row(connection, stored, n << height, (n + 1) << height).await?;
        // A complete subtree has one peak.
        let mut subtree = Frontier::default();
        below.into_iter().for_each(|hash| subtree.push(hash, |_| ()));
        hashes.insert(*index, Hash(subtree.root()));
    }
    Ok(hashes)
}

/// Neighbours on one stored level.
async fn row(
    connection: &mut PgConnection,
    level: u8,
    from: u64,
    to: u64,
) -> Result<Vec<Digest>, ProofError> {
    let hashes: Vec<Digest> = match level {
        0 => {
            let runs = runs(connection, from, to).await?;
            let leaves = runs.iter().flat_map(|run| (run.first..).zip(&run.hashes));
            leaves.filter(|(n, _)| (from..to).contains(n)).map(|(_, hash)| *hash).collect()
        }
        _ => {
            let rows: Vec<Vec<u8>> = sqlx::query_scalar(
                "SELECT hash FROM tree_nodes WHERE level = $1 AND n >= $2 AND n < $3 ORDER BY n",
            )
            .bind(i16::from(level))
            .bind(from.cast_signed())
            .bind(to.cast_signed())
            .fetch_all(connection)
            .await?;
            rows.into_iter().filter_map(|hash| hash.try_into().ok()).collect()
        }
    };
    match hashes.len() as u64 == to - from {
        true => Ok(hashes),
        false => Err(ProofError::Tree),
    }
}
