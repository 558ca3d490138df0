//! Extending the tree and signing it: what the leading notary does in one step. Who leads is decided in `workers`.

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use super::{
    Checkpoint, NotaryKey, ProofError, PublicKey,
    frontier::{Frontier, Node},
    scan, tree,
};
use crate::Position;

/// The notary at work: where the tree ends and what it is extended by.
pub struct Notary {
    key: NotaryKey,
    frontier: Frontier,
    /// Of the last event in the tree.
    position: Position,
}

impl Notary {
    /// Goes on from the last checkpoint, which this key or one of the `former` must have signed over the tree that is
    /// stored. Anything else is for people to look at: `stage log verify` says what is wrong.
    pub async fn take_up(
        connection: &mut PgConnection,
        key: NotaryKey,
        former: &[PublicKey],
    ) -> Result<Self, ProofError> {
        let last: Option<(i64, Position, String)> =
            sqlx::query_as("SELECT size, position, note FROM checkpoints ORDER BY size DESC LIMIT 1")
                .fetch_optional(&mut *connection)
                .await?;
        let stored = tree::size(connection).await?;
        let Some((size, position, note)) = last else {
            return match stored {
                0 => Ok(Self { key, frontier: Frontier::default(), position: 0 }),
                _ => Err(ProofError::Tree),
            };
        };
        let size = size.cast_unsigned();
        let known = [std::slice::from_ref(key.public()), former].concat();
        let checkpoint =
            Checkpoint::read(&note, &known).map_err(|source| ProofError::Checkpoint { size, source })?;
        if checkpoint.size != size || stored != size {
            return Err(ProofError::Tree);
        }
        let frontier = tree::frontier(connection, size).await?;
        match frontier.root() == checkpoint.root {
            true => Ok(Self { key, frontier, position }),
            false => Err(ProofError::Tree),
        }
    }

    /// The position of the last event in the tree.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Takes up the next events up to `up_to`, which a [`crate::Mark`] gave, at most `limit`, and signs the tree. In one
    /// transaction, so that a crash leaves all of it or nothing. `None` when there was no event.
    pub async fn extend(
        &mut self,
        connection: &mut PgConnection,
        up_to: Position,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Option<Checkpoint>, ProofError> {
        let first = self.frontier.size();
        let mut frontier = self.frontier.clone();
        let (mut positions, mut hashes, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        let mut refused = None;
        scan::leaves(connection, self.position, up_to, Some(limit), |entry, leaf| match leaf {
            Ok(leaf) if refused.is_none() => {
                positions.push(entry.position);
                hashes.extend_from_slice(&leaf);
                frontier.push(leaf, |node| {
                    if node.level % tree::STEP == 0 {
                        nodes.push(node);
                    }
                });
            }
            Ok(_) => {}
            Err(source) => {
                let position = entry.position;
                refused = refused.take().or(Some(ProofError::NotCanonical { position, source }));
            }
        })
        .await?;
        let Some(last) = positions.last().copied() else {
            return refused.map_or(Ok(None), Err);
        };
        let checkpoint = Checkpoint::sign(&self.key, frontier.size(), frontier.root())
            .map_err(|source| ProofError::Checkpoint { size: frontier.size(), source })?;
        let mut tx = connection.begin().await?;
        insert_leaves(&mut tx, first, &positions, &hashes).await?;
        insert_nodes(&mut tx, &nodes).await?;
        sqlx::query("INSERT INTO checkpoints (size, position, note, signed_at) VALUES ($1, $2, $3, $4)")
            .bind(checkpoint.size.cast_signed())
            .bind(last)
            .bind(&checkpoint.note)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        (self.frontier, self.position) = (frontier, last);
        Ok(Some(checkpoint))
    }

    /// Whether `error` will not go away by trying again.
    #[must_use]
    pub fn is_stuck(error: &ProofError) -> bool {
        matches!(error, ProofError::Tree | ProofError::Checkpoint { .. } | ProofError::NotCanonical { .. })
    }
}

async fn insert_leaves(
    tx: &mut PgConnection,
    first: u64,
    positions: &[Position],
    hashes: &[u8],
) -> Result<(), ProofError> {
    sqlx::query("INSERT INTO tree_leaves (first, positions, hashes) VALUES ($1, $2, $3)")
        .bind(first.cast_signed())
        .bind(positions)
        .bind(hashes)
        .execute(tx)
        .await?;
    Ok(())
}

async fn insert_nodes(tx: &mut PgConnection, nodes: &[Node]) -> Result<(), ProofError> {
    if nodes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO tree_nodes (level, n, hash)
         SELECT level, n, hash FROM UNNEST($1::smallint[], $2::bigint[], $3::bytea[]) AS new (level, n, hash)",
    )
    .bind(nodes.iter().map(|node| i16::from(node.level)).collect::<Vec<_>>())
    .bind(nodes.iter().map(|node| node.n.cast_signed()).collect::<Vec<_>>())
    .bind(nodes.iter().map(|node| node.hash.to_vec()).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
