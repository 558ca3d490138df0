//! What read models share that load the rows a batch touches, change them event by event, and store them.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection, postgres::PgRow};
use stage_store::Recorded;
use uuid::Uuid;

use crate::ProjectionError;

/// An event's place: its stream, where it stands in the log and in the stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) id: Uuid,
    pub(crate) position: i64,
    pub(crate) version: i64,
}

impl Place {
    pub(crate) fn of(event: &Recorded) -> Self {
        Self { id: event.stream_id, position: event.position, version: event.sequence.cast_signed() }
    }
}

/// A row with the id that names it.
pub(crate) trait Row: for<'r> FromRow<'r, PgRow> + Send + Unpin {
    const TABLE: &'static str;

    fn id(&self) -> Uuid;
}

/// Rows by their id; `None` stands for one that isn't there, or not any more.
pub(crate) type Rows<T> = BTreeMap<Uuid, Option<T>>;

pub(crate) async fn load<T: Row>(
    tx: &mut PgConnection,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Rows<T>, ProjectionError> {
    let mut rows: Rows<T> = ids.into_iter().map(|id| (id, None)).collect();
    if rows.is_empty() {
        return Ok(rows);
    }
    let found: Vec<T> = sqlx::query_as(&format!("SELECT * FROM {} WHERE id = ANY($1)", T::TABLE))
        .bind(rows.keys().copied().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
    rows.extend(found.into_iter().map(|row| (row.id(), Some(row))));
    Ok(rows)
}

/// The rows to write and the ids of those to delete.
pub(crate) fn split<T>(rows: Rows<T>) -> (Vec<T>, Vec<Uuid>) {
    let (mut kept, mut gone) = (vec![], vec![]);
    for (id, row) in rows {
        match row {
            Some(row) => kept.push(row),
            None => gone.push(id),
        }
    }
    (kept, gone)
}

/// `table` and `column` are written in the code, never taken from outside.
pub(crate) async fn delete(
    tx: &mut PgConnection,
    table: &'static str,
    column: &'static str,
    ids: &[Uuid],
) -> Result<(), ProjectionError> {
    if !ids.is_empty() {
        let sql = format!("DELETE FROM {table} WHERE {column} = ANY($1)");
        sqlx::query(&sql).bind(ids).execute(tx).await?;
    }
    Ok(())
}

/// A column of rows, for UNNEST.
pub(crate) fn column<'a, T, C>(rows: &'a [T], value: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(value).collect()
}
