//! Re-reading the whole log: every leaf, the tree over them, and every checkpoint.
//!
//! Chunks of the log are read and hashed by several tasks at once. What they bring is put together in order: each leaf
//! is compared with the stored one, and wherever a checkpoint was signed, the root with the signed one. The stored
//! leaves are only as good as a checkpoint over them, so they name a position only once that was checked.

use std::{collections::BTreeMap, thread::available_parallelism};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use stage_domain::post::PostEvent;

use super::{
    Checkpoint, CheckpointError, Digest, Finding, ProofError, PublicKey, frontier::Frontier, scan, tree,
};
use crate::Position;

/// Events of one task's turn. With 40 bytes each they wait for their turn to be put together.
const CHUNK: i64 = 8192;
/// Checkpoints that are read at once.
const PAGE: i64 = 5_000;

/// Where a verification stands, so that it can go on there. Only of a log in which nothing was found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    size: u64,
    peaks: Vec<Digest>,
    position: Position,
    /// The last position of the last checkpoint that was right.
    good: Position,
    redacted: u64,
}

/// How far it is.
#[derive(Clone, Debug)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    /// What to keep for going on after an interruption; `None` once something was found.
    pub standing: Option<Standing>,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub verified: bool,
    /// Events that are in the tree of a checkpoint, all of which were read.
    pub events: u64,
    /// The position of the last of them.
    pub position: Position,
    /// Events that are in the tree of a checkpoint and were not read, because something was found before.
    pub unread: u64,
    /// Events that were appended since and that no checkpoint covers yet; `None` where it did not get that far.
    pub unsigned: Option<u64>,
    /// Checkpoints whose signature and root are right.
    pub checkpoints: u64,
    /// Events whose payload was redacted; each redaction is an event of its own.
    pub redacted: u64,
    /// Of the events, how many an earlier verification that was interrupted had read.
    pub resumed: u64,
    pub findings: Vec<Finding>,
}

struct Check {
    root: Digest,
    position: Option<Position>,
    kept: bool,
}

/// A verification under way.
pub struct Verify {
    pool: PgPool,
    /// By size. At one size there may be a stored checkpoint and the auditor's.
    checks: BTreeMap<u64, Vec<Check>>,
    total: u64,
    frontier: Frontier,
    position: Position,
    good: Position,
    redacted: u64,
    right: u64,
    resumed: u64,
    /// Stored checkpoints whose root is not that of the events, until a later one shows who is right.
    doubtful: Vec<(u64, Position)>,
    findings: Vec<Finding>,
}

/// Leaves of one chunk; `None` stands for an event that has none.
type Leaves = Vec<(Position, Option<Digest>)>;

impl Verify {
    /// Reads and checks the signatures of all checkpoints. `kept` is the auditor's own.
    pub async fn begin(
        pool: PgPool,
        keys: &[PublicKey],
        kept: Option<Checkpoint>,
        standing: Option<Standing>,
    ) -> Result<Self, ProofError> {
        let mut verify = Self {
            pool,
            checks: BTreeMap::new(),
            total: 0,
            frontier: Frontier::default(),
            position: 0,
            good: 0,
            redacted: 0,
            right: 0,
            resumed: 0,
            doubtful: Vec::new(),
            findings: Vec::new(),
        };
        verify.signatures(keys).await?;
        if let Some(kept) = kept {
            verify.add(kept.size, Check { root: kept.root, position: None, kept: true });
        }
        if verify.checks.is_empty() && verify.findings.is_empty() {
            return Err(ProofError::NoCheckpoint);
        }
        verify.total = verify.checks.keys().next_back().copied().unwrap_or(0);
        if let Some(standing) = standing {
            verify.resume(standing);
        }
        Ok(verify)
    }

    /// Goes on where an earlier verification stood, unless the log has fewer checkpoints now, or nothing would be left to
    /// read: who asks again wants the log to be read again.
    fn resume(&mut self, standing: Standing) {
        let Some(frontier) = Frontier::new(standing.size, standing.peaks) else { return };
        if !self.findings.is_empty() || standing.size >= self.total {
            return;
        }
        let rest = self.checks.split_off(&(standing.size + 1));
        let compared = std::mem::replace(&mut self.checks, rest).into_values().flatten();
        self.right = compared.filter(|check| !check.kept).count() as u64;
        (self.frontier, self.resumed) = (frontier, standing.size);
        (self.position, self.good, self.redacted) = (standing.position, standing.good, standing.redacted);
    }

    fn add(&mut self, size: u64, check: Check) {
        self.checks.entry(size).or_default().push(check);
    }

    async fn signatures(&mut self, keys: &[PublicKey]) -> Result<(), ProofError> {
        let mut after = 0;
        loop {
            let rows: Vec<(i64, Position, String)> = sqlx::query_as(
                "SELECT size, position, note FROM checkpoints WHERE size > $1 ORDER BY size LIMIT $2",
            )
            .bind(after)
            .bind(PAGE)
            .fetch_all(&self.pool)
            .await?;
            let Some((last, ..)) = rows.last() else { return Ok(()) };
            after = *last;
            for (size, position, note) in rows {
                let size = size.cast_unsigned();
                match Checkpoint::read(&note, keys) {
                    Ok(read) if read.size == size => {
                        self.add(size, Check { root: read.root, position: Some(position), kept: false });
                    }
                    Ok(_) => self.bad(size, position, CheckpointError::OtherSize),
                    Err(cause) => self.bad(size, position, cause),
                }
            }
        }
    }

    fn bad(&mut self, size: u64, position: Position, cause: CheckpointError) {
        self.findings.push(Finding::Checkpoint { size, position, cause });
    }

    /// Reads on to the end, or to the first event that differs. `each` is told after each chunk.
    pub async fn run(mut self, mut each: impl FnMut(Progress)) -> Result<Report, ProofError> {
        let tasks = available_parallelism().map_or(2, usize::from);
        let pool = self.pool.clone();
        let ranges = stream::try_unfold(self.position, |after| {
            let pool = pool.clone();
            async move { Ok(range(&pool, after).await?.map(|last| ((after, last), last))) }
        });
        let chunks = ranges.map_ok(|(after, last)| read(pool.clone(), after, last)).try_buffered(tasks);
        let mut chunks = std::pin::pin!(chunks);
        while self.frontier.size() < self.total {
            let Some((leaves, redacted)) = chunks.next().await.transpose()? else {
                self.ended_early().await?;
                return self.report().await;
            };
            if !self.take(leaves).await? || !self.told(&redacted).await? {
                return self.report().await;
            }
            self.redacted += redacted.len() as u64;
            each(self.progress());
        }
        self.report().await
    }

    /// How far it is: at the beginning, as far as an earlier verification got.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let clean = self.findings.is_empty() && self.doubtful.is_empty();
        Progress {
            done: self.frontier.size(),
            total: self.total,
            standing: clean.then(|| Standing {
                size: self.frontier.size(),
                peaks: self.frontier.peaks().to_vec(),
                position: self.position,
                good: self.good,
                redacted: self.redacted,
            }),
        }
    }

    /// Whether the chunk is as it was signed, as far as that can be told yet.
    async fn take(&mut self, leaves: Leaves) -> Result<bool, ProofError> {
        let first = self.frontier.size();
        let runs = tree::runs(&mut *self.pool.acquire().await?, first, first + leaves.len() as u64).await?;
        let mut stored = runs.iter().flat_map(|run| (run.first..).zip(run.positions.iter().zip(&run.hashes)));
        let mut next = stored.next();
        for (position, leaf) in leaves {
            let index = self.frontier.size();
            if index == self.total {
                break;
            }
            while next.is_some_and(|(n, _)| n < index) {
                next = stored.next();
            }
            let expected = next.filter(|(n, _)| *n == index).map(|(_, (position, hash))| (*position, *hash));
            if let Some(expected) =
                expected.filter(|expected| (expected.0, Some(expected.1)) != (position, leaf))
            {
                self.differs(position, expected.0).await?;
                return Ok(false);
            }
            let Some(leaf) = leaf else {
                self.findings.push(Finding::Changed { position });
                return Ok(false);
            };
            self.frontier.push(leaf, |_| ());
            self.position = position;
            self.compare();
        }
        Ok(true)
    }

    /// Whether of each of these redactions an event tells. The leaf does not say: it is the same with the payload and
    /// without.
    async fn told(&mut self, redacted: &[Position]) -> Result<bool, ProofError> {
        let untold: Option<Position> = sqlx::query_scalar(
            "SELECT min(position) FROM events AS emptied
             WHERE position = ANY($1) AND position <= $2 AND NOT (
                 aggregate_type = 'post' AND event_type = ANY($3) AND EXISTS (
                     SELECT FROM events AS telling
                     WHERE telling.aggregate_type = 'post' AND telling.aggregate_id = emptied.aggregate_id
                       AND telling.sequence > emptied.sequence AND telling.event_type = 'PostRedacted'))",
        )
        .bind(redacted)
        .bind(self.position)
        .bind(PostEvent::CONTENT.as_slice())
        .fetch_one(&self.pool)
        .await?;
        self.findings.extend(untold.map(|position| Finding::Emptied { position }));
        Ok(untold.is_none())
    }

    /// The event at `position` stands where the tree has one of position `expected`. If a checkpoint says that the
    /// tree is right, it names what differs.
    async fn differs(&mut self, position: Position, expected: Position) -> Result<(), ProofError> {
        let finding = match self.stored_is_right().await? {
            true if position == expected => Finding::Changed { position },
            true if position < expected => Finding::Inserted { position },
            true => Finding::Missing { position: expected },
            false => self.rewritten(position),
        };
        self.findings.push(finding);
        Ok(())
    }

    /// The log has fewer events than were signed.
    async fn ended_early(&mut self) -> Result<(), ProofError> {
        let size = self.frontier.size();
        let runs = tree::runs(&mut *self.pool.acquire().await?, size, size + 1).await?;
        let next = runs.iter().flat_map(|run| (run.first..).zip(&run.positions)).find(|(n, _)| *n == size);
        let finding = match next {
            Some((_, position)) if self.stored_is_right().await? => Finding::Missing { position: *position },
            _ => Finding::Short { after: self.position, events: size, signed: self.total },
        };
        self.findings.push(finding);
        // What is missing can't be looked at, and nothing that is there was left out.
        self.total = size;
        Ok(())
    }

    /// Whether the stored leaves from here up to the next checkpoint give its root.
    async fn stored_is_right(&self) -> Result<bool, ProofError> {
        let from = self.frontier.size();
        let Some((to, checks)) = self.checks.range(from + 1..).next() else { return Ok(false) };
        let mut frontier = self.frontier.clone();
        let runs = tree::runs(&mut *self.pool.acquire().await?, from, *to).await?;
        for (n, hash) in runs.iter().flat_map(|run| (run.first..).zip(&run.hashes)) {
            if n == frontier.size() && n < *to {
                frontier.push(*hash, |_| ());
            }
        }
        Ok(frontier.size() == *to && checks.iter().any(|check| check.root == frontier.root()))
    }

    fn rewritten(&self, position: Position) -> Finding {
        let next = self.checks.range(self.frontier.size() + 1..).next();
        let up_to = next.and_then(|(_, checks)| checks.iter().find_map(|check| check.position));
        Finding::Rewritten { after: self.good, up_to: up_to.unwrap_or(position) }
    }

    /// Compares the root with the checkpoints of this size.
    fn compare(&mut self) {
        let size = self.frontier.size();
        let Some(checks) = self.checks.get(&size) else { return };
        let root = self.frontier.root();
        for check in checks {
            match (check.root == root, check.kept) {
                (true, true) => {}
                (true, false) => {
                    self.right += 1;
                    self.good = self.position;
                    for (size, position) in self.doubtful.drain(..) {
                        let cause = CheckpointError::OtherEvents;
                        self.findings.push(Finding::Checkpoint { size, position, cause });
                    }
                }
                (false, true) => self.findings.push(Finding::Kept { size, up_to: self.position }),
                (false, false) => self.doubtful.push((size, self.position)),
            }
        }
    }

    async fn unsigned(&self) -> Result<u64, ProofError> {
        let unsigned: i64 = sqlx::query_scalar("SELECT count(*) FROM events WHERE position > $1")
            .bind(self.position)
            .fetch_one(&self.pool)
            .await?;
        Ok(unsigned.cast_unsigned())
    }

    async fn report(mut self) -> Result<Report, ProofError> {
        if let Some((_, up_to)) = self.doubtful.first() {
            self.findings.insert(0, Finding::Rewritten { after: self.good, up_to: *up_to });
        }
        let unread = self.total.saturating_sub(self.frontier.size());
        // Behind an event that differs, nothing tells the signed ones from those that came since.
        let unsigned = if unread == 0 { Some(self.unsigned().await?) } else { None };
        Ok(Report {
            verified: self.findings.is_empty(),
            events: self.frontier.size(),
            position: self.position,
            unread,
            unsigned,
            checkpoints: self.right,
            redacted: self.redacted,
            resumed: self.resumed,
            findings: self.findings,
        })
    }
}

/// The last position of the next chunk; `None` at the end of the log.
async fn range(pool: &PgPool, after: Position) -> Result<Option<Position>, ProofError> {
    let last = sqlx::query_scalar(
        "SELECT max(position) FROM (SELECT position FROM events WHERE position > $1 ORDER BY position LIMIT $2) AS chunk",
    )
    .bind(after)
    .bind(CHUNK)
    .fetch_one(pool)
    .await?;
    Ok(last)
}

/// The leaves and the positions of redacted events. In a task of its own, so that another core does it.
async fn read(pool: PgPool, after: Position, last: Position) -> Result<(Leaves, Vec<Position>), ProofError> {
    let reading = tokio::spawn(async move {
        let (mut leaves, mut redacted) = (Vec::with_capacity(CHUNK as usize), Vec::new());
        scan::leaves(&mut *pool.acquire().await?, after, last, None, |entry, leaf| {
            leaves.push((entry.position, leaf.ok()));
            redacted.extend(entry.redacted_digest.is_some().then_some(entry.position));
        })
        .await?;
        Ok((leaves, redacted))
    });
    reading.await.unwrap_or(Err(ProofError::Copy))
}
