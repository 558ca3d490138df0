//! Which stages changed in what is shown of them: for whoever keeps rendered pages.
//!
//! A projection moves a stage's head in the transaction that changes its tables, and heads only rise. So a reader that
//! asks for the heads above the highest it knows hears of every change that was committed before it asked. An account has a
//! head as well: it moves when the account is restricted, and with it all stages that it belongs to.

use stage_domain::StageId;
use stage_store::Position;
use uuid::Uuid;

use crate::{ProjectionError, Reads};

/// How far somebody has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    stages: Position,
    feed: Position,
    /// Which tables these are the heads of: a projection that was built anew has others.
    tables: (Option<i64>, Option<i64>),
}

/// What changed since somebody last heard.
#[derive(Clone, Debug)]
pub struct Moved {
    pub heads: Heads,
    pub stages: Stages,
}

#[derive(Clone, Debug)]
pub enum Stages {
    These(Vec<StageId>),
    /// The tables are others, so that anything may have changed.
    All,
}

#[derive(sqlx::FromRow)]
struct Row {
    stage_id: Option<Uuid>,
    stages: Option<i64>,
    feed: Option<i64>,
}

/// In SQL, with `stage_id`, `stages` and `feed`: the stages that moved since these two, which are positions in SQL.
pub(crate) fn moved(stages: &str, feed: &str) -> String {
    format!(
        "SELECT stage_id, position AS stages, NULL::bigint AS feed FROM read_stages.heads WHERE position > {stages}
         UNION ALL SELECT m.stage_id, h.position, NULL
             FROM read_stages.heads h JOIN read_stages.members m ON m.account_id = h.stage_id WHERE h.position > {stages}
         UNION ALL SELECT stage_id, NULL, position FROM read_feed.heads WHERE position > {feed}"
    )
}

impl Reads {
    /// The heads now.
    pub async fn heads(&self) -> Result<Heads, ProjectionError> {
        let (stages, feed, of_stages, of_feed): (Position, Position, Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT coalesce(max(position), 0) FROM read_stages.heads),
                    (SELECT coalesce(max(position), 0) FROM read_feed.heads),
                    to_regclass('read_stages.heads')::oid::bigint, to_regclass('read_feed.heads')::oid::bigint",
        )
        .fetch_one(self.log.pool())
        .await?;
        Ok(Heads { stages, feed, tables: (of_stages, of_feed) })
    }

    /// What changed since, in one small statement.
    pub async fn moved(&self, since: &Heads) -> Result<Moved, ProjectionError> {
        let rows: Vec<Row> = sqlx::query_as(&format!(
            "SELECT NULL::uuid AS stage_id, to_regclass('read_stages.heads')::oid::bigint AS stages,
                    to_regclass('read_feed.heads')::oid::bigint AS feed
             UNION ALL {}",
            moved("$1", "$2")
        ))
        .bind(since.stages)
        .bind(since.feed)
        .fetch_all(self.log.pool())
        .await?;
        let mut heads = *since;
        let mut moved = vec![];
        for row in rows {
            match row.stage_id {
                None => heads.tables = (row.stages, row.feed),
                Some(stage) => {
                    heads.stages = heads.stages.max(row.stages.unwrap_or_default());
                    heads.feed = heads.feed.max(row.feed.unwrap_or_default());
                    moved.push(StageId(stage));
                }
            }
        }
        if heads.tables == since.tables {
            return Ok(Moved { heads, stages: Stages::These(moved) });
        }
        Ok(Moved { heads: self.heads().await?, stages: Stages::All })
    }
}
