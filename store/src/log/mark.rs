use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;

use crate::{Position, StoreError, locks};

/// The high-water mark: up to it, every position is committed or will never exist.
///
/// How it is found, in separate statements and in this order:
/// 1. the highest position P that can be seen,
/// 2. who holds the lock that every append takes before its first position,
/// 3. again and again, which of *those* still hold it, until none does.
///
/// Every position below P was handed out before P, so before step 1, to a transaction that had the lock already. At
/// step 2 it either holds the lock or has ended; after step 3 it has ended. The rows are read after that.
///
/// P is the position of an event that is committed, and never a mere number of the sequence: after a crash,
/// PostgreSQL may hand out again numbers that no committed row has, but none below one that has. So what a mark once
/// gave is true for ever, and neither a mark nor its reader need to know of a crash.
/// docs/decisions/0001-order-of-the-log.md has the proof and what was measured.
pub struct Mark {
    pool: PgPool,
    proven: Position,
    candidate: Option<Candidate>,
}

struct Candidate {
    position: Position,
    /// Virtual transaction ids of whom we wait for.
    holders: Vec<String>,
}

/// Rows of `pg_locks` (as `l`) of those who hold the lock in this database. Who waits for it has no position yet.
pub(super) const HOLDERS: &str = "l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = $1::int4::oid AND l.objid = $2::int4::oid";

impl Mark {
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool, proven: 0, candidate: None }
    }

    /// Somebody who follows the log has been at `proven`.
    pub fn raise(&mut self, proven: Position) {
        self.proven = self.proven.max(proven);
    }

    /// Looks until everything that could be seen at the first look is settled, or until `patience` is over because
    /// an append stays open. A mark that is made for one question needs this: [`Mark::advance`] would find it
    /// where it began whenever somebody is just appending.
    pub async fn look(&mut self, patience: Duration) -> Result<Position, StoreError> {
        const PAUSE: Duration = Duration::from_millis(2);
        let begun = Instant::now();
        let highest = self.highest().await?;
        while self.advance().await? < highest && begun.elapsed() < patience {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(self.proven)
    }

    /// The mark as [`Mark::advance`] last gave it.
    #[must_use]
    pub fn position(&self) -> Position {
        self.proven
    }

    /// Looks once, without waiting for anybody, and says how far the log is safe to read. While an append is in
    /// progress that may be less than what is committed; the next call says more.
    pub async fn advance(&mut self) -> Result<Position, StoreError> {
        if let Some(mut candidate) = self.candidate.take() {
            let holding = self.holders().await?;
            candidate.holders.retain(|holder| holding.contains(holder));
            if !self.settle(candidate) {
                return Ok(self.proven);
            }
        }
        let position = self.highest().await?;
        if position > self.proven {
            let holders = self.holders().await?;
            self.settle(Candidate { position, holders });
        }
        Ok(self.proven)
    }

    /// Whether nobody is left to wait for, so that the mark is where the candidate is.
    fn settle(&mut self, candidate: Candidate) -> bool {
        let settled = candidate.holders.is_empty();
        match settled {
            true => self.proven = candidate.position,
            false => self.candidate = Some(candidate),
        }
        settled
    }

    /// The highest position that can be seen. It says nothing about those below it.
    pub async fn highest(&self) -> Result<Position, StoreError> {
        sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM events")
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::from)
    }

    async fn holders(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(&format!("SELECT l.virtualtransaction FROM pg_locks l WHERE {HOLDERS}"))
            .bind(locks::NAMESPACE)
            .bind(locks::APPEND)
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::from)
    }
}
