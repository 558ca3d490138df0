use std::{collections::BTreeMap, time::Duration};

use chrono::NaiveDate;
use sqlx::{Connection, PgConnection, PgExecutor};
use uuid::Uuid;

use super::{CountError, Counts, ViewBatch, Viewed};

/// Adds a batch and how far it counts each journal in one transaction: all of it or nothing, and never twice.
/// `added` is called when everything is written and nothing is committed.
pub async fn count(
    connection: &mut PgConnection,
    batch: &ViewBatch,
    added: impl FnOnce(),
) -> Result<(), CountError> {
    let mut tx = connection.begin().await?;
    move_journals(&mut tx, batch).await?;
    add_totals(&mut tx, batch).await?;
    add_days(&mut tx, batch).await?;
    added();
    tx.commit().await?;
    Ok(())
}

/// Compare and set: this is what makes a count happen once, whoever counts and however often.
async fn move_journals(tx: &mut PgConnection, batch: &ViewBatch) -> Result<(), CountError> {
    let journals: Vec<Uuid> = batch.journals.keys().copied().collect();
    let after: Vec<i64> = batch.journals.values().map(|part| number(part.after)).collect();
    let up_to: Vec<i64> = batch.journals.values().map(|part| number(part.up_to)).collect();
    sqlx::query(
        "INSERT INTO read_views.view_journals (journal)
         SELECT journal FROM UNNEST($1::uuid[], $2::bigint[]) AS new (journal, after) WHERE after = 0
         ON CONFLICT DO NOTHING",
    )
    .bind(&journals)
    .bind(&after)
    .execute(&mut *tx)
    .await?;
    let moved = sqlx::query(
        "UPDATE read_views.view_journals AS old SET counted_to = new.up_to
         FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[]) AS new (journal, after, up_to)
         WHERE old.journal = new.journal AND old.counted_to = new.after",
    )
    .bind(&journals)
    .bind(&after)
    .bind(&up_to)
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if moved == journals.len() as u64 { Ok(()) } else { Err(CountError::Overtaken) }
}

async fn add_totals(tx: &mut PgConnection, batch: &ViewBatch) -> Result<(), CountError> {
    let mut totals = BTreeMap::<Viewed, Counts>::new();
    for ((viewed, _), counts) in &batch.counts {
        let total = totals.entry(*viewed).or_default();
        total.views += counts.views;
        total.bots += counts.bots;
    }
    let (kinds, ids) = columns(totals.keys());
    let (counts, bots) = numbers(totals.values());
    sqlx::query(
        "INSERT INTO read_views.view_totals AS old (kind, id, count, bots)
         SELECT * FROM UNNEST($1::text[], $2::uuid[], $3::bigint[], $4::bigint[])
         ON CONFLICT (kind, id) DO UPDATE SET count = old.count + EXCLUDED.count, bots = old.bots + EXCLUDED.bots",
    )
    .bind(kinds)
    .bind(ids)
    .bind(counts)
    .bind(bots)
    .execute(tx)
    .await?;
    Ok(())
}

async fn add_days(tx: &mut PgConnection, batch: &ViewBatch) -> Result<(), CountError> {
    let (kinds, ids) = columns(batch.counts.keys().map(|(viewed, _)| viewed));
    let days: Vec<NaiveDate> = batch.counts.keys().map(|(_, day)| *day).collect();
    let (counts, bots) = numbers(batch.counts.values());
    sqlx::query(
        "INSERT INTO read_views.view_days AS old (kind, id, day, count, bots)
         SELECT * FROM UNNEST($1::text[], $2::uuid[], $3::date[], $4::bigint[], $5::bigint[])
         ON CONFLICT (kind, id, day) DO UPDATE SET count = old.count + EXCLUDED.count,
                                                       bots = old.bots + EXCLUDED.bots",
    )
    .bind(kinds)
    .bind(ids)
    .bind(days)
    .bind(counts)
    .bind(bots)
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that these journals are counted to their end and that their files are deleted.
pub async fn finish(executor: impl PgExecutor<'_>, journals: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE read_views.view_journals SET finished_at = now()
         WHERE journal = ANY ($1) AND finished_at IS NULL",
    )
    .bind(journals)
    .execute(executor)
    .await?;
    Ok(())
}

/// Forgets journals that were finished longer ago than `keep`. Until then their rows tell repetitions of their
/// messages apart.
pub async fn sweep(executor: impl PgExecutor<'_>, keep: Duration) -> Result<u64, sqlx::Error> {
    let swept = sqlx::query(
        "DELETE FROM read_views.view_journals WHERE finished_at < now() - make_interval(secs => $1)",
    )
    .bind(keep.as_secs_f64())
    .execute(executor)
    .await?;
    Ok(swept.rows_affected())
}

fn columns<'a>(of: impl Iterator<Item = &'a Viewed>) -> (Vec<&'static str>, Vec<Uuid>) {
    of.map(|viewed| (viewed.kind(), viewed.id())).unzip()
}

fn numbers<'a>(of: impl Iterator<Item = &'a Counts>) -> (Vec<i64>, Vec<i64>) {
    of.map(|counts| (number(counts.views), number(counts.bots))).unzip()
}

/// Counts and record numbers stay far below 2^63.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
