//! New rows, handed to PostgreSQL by COPY in its binary format, which costs it less than an INSERT from arrays.

use sqlx::{Encode, PgConnection, Postgres, encode::IsNull, postgres::PgArgumentBuffer};

use crate::ProjectionError;

/// What a binary COPY begins with: its signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In place of another row's number of fields.
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// In place of a field's length.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// The fields of one row, in the order of the columns.
pub(crate) struct Fields<'a> {
    written: &'a mut PgArgumentBuffer,
    count: i16,
}

impl Fields<'_> {
    /// Adds a value, which is of the very type of its column: nothing is converted.
    pub(crate) fn put<'q>(mut self, value: impl Encode<'q, Postgres>) -> Result<Self, sqlx::Error> {
        let from = self.written.len();
        self.written.extend(NULL);
        if let IsNull::No = value.encode(self.written).map_err(sqlx::Error::Encode)? {
            let value = from + NULL.len();
            let length = i32::try_from(self.written.len() - value);
            let length = length.map_err(|error| sqlx::Error::Encode(error.into()))?;
            self.written[from..value].copy_from_slice(&length.to_be_bytes());
        }
        self.count += 1;
        Ok(self)
    }
}

/// Adds rows to `table`, which is named with its columns. `write` puts the fields of a row.
pub(crate) async fn copy<T>(
    tx: &mut PgConnection,
    table: &str,
    rows: &[T],
    write: impl for<'a> Fn(&T, Fields<'a>) -> Result<Fields<'a>, sqlx::Error>,
) -> Result<(), ProjectionError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut written = PgArgumentBuffer::default();
    written.extend_from_slice(HEADER);
    for row in rows {
        let from = written.len();
        written.extend(END);
        let count = write(row, Fields { written: &mut written, count: 0 })?.count;
        written[from..from + END.len()].copy_from_slice(&count.to_be_bytes());
    }
    written.extend(END);
    let mut copying = tx.copy_in_raw(&format!("COPY {table} FROM STDIN (FORMAT binary)")).await?;
    copying.send(written.as_slice()).await?;
    copying.finish().await?;
    Ok(())
}
