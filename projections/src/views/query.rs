use std::collections::BTreeMap;

use sqlx::PgExecutor;
use uuid::Uuid;

use super::Viewed;
use crate::{ProjectionError, Reads};

impl Reads {
    /// Total views, in the order of `of`; 0 where there are none.
    pub async fn views(&self, of: &[Viewed]) -> Result<Vec<u64>, ProjectionError> {
        totals(self.log.pool(), of).await.map_err(ProjectionError::Unavailable)
    }
}

pub(super) async fn totals(executor: impl PgExecutor<'_>, of: &[Viewed]) -> Result<Vec<u64>, sqlx::Error> {
    let (kinds, ids): (Vec<&str>, Vec<Uuid>) = of.iter().map(|viewed| (viewed.kind(), viewed.id())).unzip();
    let counts: Vec<i64> = sqlx::query_scalar(
        "SELECT COALESCE(total.count, 0)
         FROM UNNEST($1::text[], $2::uuid[]) WITH ORDINALITY AS asked (kind, id, place)
         LEFT JOIN read_views.view_totals AS total USING (kind, id)
         ORDER BY asked.place",
    )
    .bind(kinds)
    .bind(ids)
    .fetch_all(executor)
    .await?;
    Ok(counts.into_iter().map(number).collect())
}

/// How many records of these journals are counted; a journal without any is left out.
pub async fn counted(
    executor: impl PgExecutor<'_>,
    journals: &[Uuid],
) -> Result<BTreeMap<Uuid, u64>, sqlx::Error> {
    let rows: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT journal, counted_to FROM read_views.view_journals WHERE journal = ANY ($1)")
            .bind(journals)
            .fetch_all(executor)
            .await?;
    Ok(rows.into_iter().map(|(journal, to)| (journal, number(to))).collect())
}

/// The same for all journals.
pub async fn counted_all(executor: impl PgExecutor<'_>) -> Result<BTreeMap<Uuid, u64>, sqlx::Error> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as("SELECT journal, counted_to FROM read_views.view_journals")
        .fetch_all(executor)
        .await?;
    Ok(rows.into_iter().map(|(journal, to)| (journal, number(to))).collect())
}

/// The table keeps these from being negative.
fn number(value: i64) -> u64 {
    value.unsigned_abs()
}
