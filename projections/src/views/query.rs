use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::{Counts, DayCounts, Viewed};
use crate::{ProjectionError, Reads};

impl Reads {
    /// Total views, in the order of `of`; 0 where there are none.
    pub async fn views(&self, of: &[Viewed]) -> Result<Vec<Counts>, ProjectionError> {
        totals(self.log.pool(), of).await.map_err(ProjectionError::Unavailable)
    }

    /// Total views of one thing.
    pub async fn views_of(&self, viewed: Viewed) -> Result<Counts, ProjectionError> {
        Ok(self.views(&[viewed]).await?.pop().unwrap_or_default())
    }

    /// The days on which it was viewed, from the first to the last of these, the earliest first.
    pub async fn views_by_day(
        &self,
        of: Viewed,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<DayCounts>, ProjectionError> {
        let rows: Vec<(NaiveDate, i64, i64)> = sqlx::query_as(
            "SELECT day, count, bots FROM read_views.view_days
             WHERE kind = $1 AND id = $2 AND day BETWEEN $3 AND $4 ORDER BY day",
        )
        .bind(of.kind())
        .bind(of.id())
        .bind(from)
        .bind(to)
        .fetch_all(self.log.pool())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(day, views, bots)| DayCounts { day, counts: counts(views, bots) })
            .collect())
    }
}

pub(super) async fn totals(executor: impl PgExecutor<'_>, of: &[Viewed]) -> Result<Vec<Counts>, sqlx::Error> {
    let (kinds, ids): (Vec<&str>, Vec<Uuid>) = of.iter().map(|viewed| (viewed.kind(), viewed.id())).unzip();
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT COALESCE(total.count, 0), COALESCE(total.bots, 0)
         FROM UNNEST($1::text[], $2::uuid[]) WITH ORDINALITY AS asked (kind, id, place)
         LEFT JOIN read_views.view_totals AS total USING (kind, id)
         ORDER BY asked.place",
    )
    .bind(kinds)
    .bind(ids)
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|(views, bots)| counts(views, bots)).collect())
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

/// A row of a table as its array of `count` and `bots`; none is no view.
pub(crate) fn of_row(row: Option<Vec<i64>>) -> Counts {
    match row.as_deref() {
        Some([views, bots]) => counts(*views, *bots),
        _ => Counts::default(),
    }
}

fn counts(views: i64, bots: i64) -> Counts {
    Counts { views: number(views), bots: number(bots) }
}

/// The table keeps these from being negative.
fn number(value: i64) -> u64 {
    value.unsigned_abs()
}
