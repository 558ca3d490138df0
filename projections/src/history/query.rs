use chrono::{DateTime, Utc};
use serde_json::Value;
use stage_domain::{AccountId, StageId};
use stage_store::Position;
use uuid::Uuid;

use super::{HistoryEntry, HistoryPage, Who};
use crate::{ProjectionError, Reads, accounts::NameView};

#[derive(sqlx::FromRow)]
struct Row {
    position: Position,
    at: DateTime<Utc>,
    kind: String,
    by: Option<Uuid>,
    stream_type: String,
    stream_id: Uuid,
    detail: Value,
}

impl Reads {
    /// What happened to a stage before a position, the newest first, at most `limit`. The names of those who did it
    /// are open: whoever asks must be allowed to see them.
    pub async fn history(
        &self,
        stage: StageId,
        before: Option<Position>,
        limit: u32,
    ) -> Result<HistoryPage, ProjectionError> {
        let mut rows: Vec<Row> = sqlx::query_as(
            "SELECT position, at, kind, by, stream_type, stream_id, detail FROM read_history.entries
             WHERE stage_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3",
        )
        .bind(stage.0)
        .bind(before.unwrap_or(Position::MAX))
        .bind(i64::from(limit) + 1)
        .fetch_all(self.log.pool())
        .await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().map(|row| row.position).filter(|_| more);
        let mut people: Vec<AccountId> = rows.iter().filter_map(|row| row.by).map(AccountId).collect();
        people.sort_unstable();
        people.dedup();
        let names = self.names(&people).await?;
        let who = |by: Uuid| {
            let account = AccountId(by);
            Who { account, name: names.get(&account).and_then(NameView::whole) }
        };
        let entry = |row: Row| HistoryEntry {
            position: row.position,
            at: row.at,
            kind: row.kind,
            by: row.by.map(who),
            stream_type: row.stream_type,
            stream_id: row.stream_id,
            detail: row.detail,
        };
        Ok(HistoryPage { entries: rows.into_iter().map(entry).collect(), next })
    }
}
