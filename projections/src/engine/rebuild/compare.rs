//! Whether the live tables are what the log makes of them: fresh tables up to the position P at which the live ones
//! stand, and both read side by side as of P.

use std::{cmp::Ordering, sync::Arc};

use futures::{StreamExt, stream::BoxStream};
use sqlx::{Connection, PgConnection};
use stage_store::Position;

use super::{
    Names, Phase, RebuildError, Rebuilding, begin, fill, finish, lock, pass, passes, progress, release,
    shadow, types, work,
};
use crate::engine::{Projection, Rebuild};

/// The most differences that are told one by one.
const TOLD: usize = 20;

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Same {
    /// The position that both were compared at.
    pub position: Position,
    pub rows: u64,
    /// All that there are.
    pub different: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// A row that is not the same on both sides. It is named by its key, which is ids alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub table: String,
    pub key: String,
    /// `missing` in the live table, `extra` in it, or `different`.
    pub what: &'static str,
}

/// Builds the projection once more beside the live tables, up to the position of the live ones, and compares row for row.
pub async fn compare(with: &Rebuilding, projection: Arc<dyn Projection>) -> Result<Same, RebuildError> {
    let name = projection.name();
    if projection.rebuild() == Rebuild::Never {
        return Err(RebuildError::Never(name));
    }
    let lock = lock(&with.pool, name).await?;
    let names = Names::of(name);
    let check = format!("{}__check", names.live);
    let compared = locked(with, projection, &names, &check).await;
    let mut connection = pass::connect(&with.pool).await?;
    let mut tx = connection.begin().await?;
    progress::forget(&mut tx, &check).await?;
    shadow::drop(&mut tx, &check).await?;
    tx.commit().await?;
    connection.close().await?;
    finish::tidy(&with.pool, &names).await?;
    release(lock, name).await?;
    compared
}

async fn locked(
    with: &Rebuilding,
    projection: Arc<dyn Projection>,
    names: &Names,
    check: &str,
) -> Result<Same, RebuildError> {
    let name = projection.name();
    let (version, target): (i32, Position) =
        sqlx::query_as("SELECT version, position FROM projection_checkpoints WHERE name = $1")
            .bind(name)
            .fetch_optional(&with.pool)
            .await?
            .unwrap_or((projection.version(), 0));
    if version != projection.version() {
        return Err(RebuildError::OtherVersion { name, tables: version, program: projection.version() });
    }
    let passes = passes(&*projection);
    let mut progress = begin(with, &*projection, names, check, Some(target)).await?;
    let work = work(with, projection, &progress).await?;
    fill(with, &work, names, &mut progress, &passes).await?;

    // From here on one snapshot: the live tables and the position that belongs to them.
    let mut live = pass::connect(&with.pool).await?;
    let mut snapshot = live.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *snapshot).await?;
    sqlx::query("SET LOCAL idle_in_transaction_session_timeout = 0").execute(&mut *snapshot).await?;
    let position: Option<Position> =
        sqlx::query_scalar("SELECT position FROM projection_checkpoints WHERE name = $1")
            .bind(name)
            .fetch_optional(&mut *snapshot)
            .await?;
    let position = position.unwrap_or(0);
    let mut fresh = pass::connect(&with.pool).await?;
    let Some(part) = progress.parts.first_mut() else { return Err(sqlx::Error::RowNotFound.into()) };
    finish::follow(&work, &mut fresh, part, &types(&passes), position).await?;

    with.stand.send_modify(|stand| stand.phase = Phase::Comparing);
    let mut same = Same { position, rows: 0, different: 0, differences: vec![] };
    for (table, key) in tables(&mut snapshot, &names.live).await? {
        let rows = |schema: &str| {
            // The key in a form that both the server and we compare byte by byte.
            format!(
                "SELECT k, sha256(convert_to(r, 'UTF8')) FROM
                     (SELECT ({key})::text COLLATE \"C\" AS k, t::text AS r FROM {schema}.{table} t) rows
                 ORDER BY k, r"
            )
        };
        let (ours, theirs) = (rows(&names.live), rows(check));
        let live = sqlx::query_as(&ours).fetch(&mut *snapshot);
        let fresh = sqlx::query_as(&theirs).fetch(&mut fresh);
        side_by_side(&table, live, fresh, &mut same).await?;
        if with.stop.is_cancelled() {
            return Err(RebuildError::Interrupted);
        }
    }
    snapshot.rollback().await?;
    Ok(same)
}

/// A row's key as text, and the digest of the whole row.
type Row = (String, Vec<u8>);

async fn side_by_side(
    table: &str,
    mut live: BoxStream<'_, Result<Row, sqlx::Error>>,
    mut fresh: BoxStream<'_, Result<Row, sqlx::Error>>,
    same: &mut Same,
) -> Result<(), RebuildError> {
    let (mut ours, mut theirs) = (live.next().await.transpose()?, fresh.next().await.transpose()?);
    loop {
        let order = match (&ours, &theirs) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(theirs)) => ours.0.cmp(&theirs.0),
        };
        let what = match order {
            Ordering::Less => Some("extra"),
            Ordering::Greater => Some("missing"),
            Ordering::Equal if ours != theirs => Some("different"),
            Ordering::Equal => None,
        };
        if let Some(what) = what {
            same.different += 1;
            let row = if order == Ordering::Greater { &theirs } else { &ours };
            if let Some((key, _)) = row.as_ref().filter(|_| same.differences.len() < TOLD) {
                same.differences.push(Difference { table: table.to_owned(), key: key.clone(), what });
            }
        }
        same.rows += 1;
        if order != Ordering::Greater {
            ours = live.next().await.transpose()?;
        }
        if order != Ordering::Less {
            theirs = fresh.next().await.transpose()?;
        }
    }
}

/// The tables of a schema, each with an expression for what names a row: its primary key, or the digest of all of it.
async fn tables(connection: &mut PgConnection, schema: &str) -> Result<Vec<(String, String)>, RebuildError> {
    let tables = sqlx::query_as(
        "SELECT t.relname::text, coalesce(
             (SELECT 'concat_ws('' '', ' || string_agg(format('t.%I', a.attname), ', ' ORDER BY k.at) || ')'
              FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, at)
              JOIN pg_attribute a ON a.attnum = k.attnum
              WHERE i.indrelid = t.oid AND i.indisprimary AND a.attrelid = t.oid),
             'encode(sha256(convert_to(t::text, ''UTF8'')), ''hex'')')
         FROM pg_class t WHERE t.relnamespace = $1::regnamespace AND t.relkind = 'r' ORDER BY 1",
    )
    .bind(schema)
    .fetch_all(connection)
    .await?;
    Ok(tables)
}
