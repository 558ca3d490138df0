//! Leaves of the log as it is, read as fast as PostgreSQL gives it: COPY in its binary format.

use bytes::{Buf as _, BytesMut};
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use sqlx::PgConnection;

use super::{Digest, Entry, NotCanonical, ProofError};
use crate::Position;

/// Signature, flags and the length of an extension that there is none of.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const COLUMNS: usize = 10;
/// 2000-01-01, from which PostgreSQL counts, in microseconds since 1970.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// Calls `each` with every event, and its leaf, after `after` up to `up_to`, in order of position, at most `limit`.
pub(crate) async fn leaves(
    connection: &mut PgConnection,
    after: Position,
    up_to: Position,
    limit: Option<usize>,
    mut each: impl FnMut(&Entry<'_>, Result<Digest, NotCanonical>),
) -> Result<(), ProofError> {
    // COPY takes no parameters; these are numbers.
    let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
    let copy = format!(
        "COPY (SELECT position, aggregate_type, aggregate_id, sequence, event_type, event_version, recorded_at,
                      payload, metadata, redacted_digest
               FROM events WHERE position > {after} AND position <= {up_to} ORDER BY position{limit})
         TO STDOUT (FORMAT binary)"
    );
    let mut chunks = connection.copy_out_raw(&copy).await?;
    let mut rows = Rows::default();
    let mut scratch = Vec::new();
    while let Some(chunk) = chunks.try_next().await? {
        rows.buffer.extend_from_slice(&chunk);
        while rows.next(|entry| each(entry, entry.leaf(&mut scratch)))? {}
    }
    match rows.ended {
        true => Ok(()),
        false => Err(ProofError::Copy),
    }
}

/// Takes the stream apart. A chunk is a row as a rule, but nothing promises it.
#[derive(Default)]
struct Rows {
    buffer: BytesMut,
    begun: bool,
    ended: bool,
}

impl Rows {
    /// Whether there was a whole row.
    fn next(&mut self, take: impl FnOnce(&Entry<'_>)) -> Result<bool, ProofError> {
        if !self.begun {
            if self.buffer.len() < HEADER.len() {
                return Ok(false);
            }
            self.begun = self.buffer.starts_with(HEADER);
            self.buffer.advance(HEADER.len());
        }
        let mut rest = &self.buffer[..];
        let Some(count) = number::<2>(&mut rest).map(i16::from_be_bytes) else { return Ok(false) };
        if !self.begun || count != COLUMNS as i16 {
            self.ended = self.begun && count == -1;
            return if self.ended { Ok(false) } else { Err(ProofError::Copy) };
        }
        let mut fields: [Option<&[u8]>; COLUMNS] = [None; COLUMNS];
        for field in &mut fields {
            let Some(length) = number::<4>(&mut rest).map(i32::from_be_bytes) else { return Ok(false) };
            if let Ok(length) = usize::try_from(length) {
                let Some((value, after)) = rest.split_at_checked(length) else { return Ok(false) };
                (*field, rest) = (Some(value), after);
            }
        }
        take(&entry(&fields).ok_or(ProofError::Copy)?);
        let used = self.buffer.len() - rest.len();
        self.buffer.advance(used);
        Ok(true)
    }
}

fn number<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (value, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*value)
}

fn entry<'a>(fields: &[Option<&'a [u8]>; COLUMNS]) -> Option<Entry<'a>> {
    let text = |place: usize| fields[place].and_then(|field| std::str::from_utf8(field).ok());
    let bigint = |place: usize| Some(i64::from_be_bytes(fields[place]?.try_into().ok()?));
    Some(Entry {
        position: bigint(0)?,
        stream_type: text(1)?,
        stream_id: text(2)?,
        sequence: bigint(3)?,
        event_type: text(4)?,
        event_version: text(5)?,
        recorded_at: time(bigint(6)?)?,
        payload: text(7)?,
        metadata: text(8)?,
        redacted_digest: fields[9],
    })
}

fn time(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros.checked_add(POSTGRES_EPOCH)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn stream(rows: usize) -> Vec<u8> {
        let mut stream = HEADER.to_vec();
        for position in 1..=rows as i64 {
            stream.extend(10_i16.to_be_bytes());
            let fields: [&[u8]; 9] = [
                &position.to_be_bytes(),
                b"stage",
                b"x",
                &1_i64.to_be_bytes(),
                b"E",
                b"1",
                &0_i64.to_be_bytes(),
                b"{}",
                b"{}",
            ];
            for field in fields {
                stream.extend((field.len() as i32).to_be_bytes());
                stream.extend(field);
            }
            stream.extend((-1_i32).to_be_bytes());
        }
        stream.extend((-1_i16).to_be_bytes());
        stream
    }

    #[test]
    fn rows_are_found_however_the_stream_is_cut() {
        let stream = stream(5);
        for size in [1, 3, 7, 64, stream.len()] {
            let mut rows = Rows::default();
            let mut found = Vec::new();
            for chunk in stream.chunks(size) {
                rows.buffer.extend_from_slice(chunk);
                while rows.next(|entry| found.push((entry.position, entry.recorded_at.to_rfc3339()))).unwrap()
                {
                }
            }
            assert!(rows.ended);
            assert_eq!(found.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
            assert!(found[0].1.starts_with("2000-01-01T00:00:00"));
        }
    }

    #[test]
    fn what_is_not_the_binary_format_is_refused() {
        let mut rows =
            Rows { buffer: BytesMut::from(&b"no copy at all, but long enough"[..]), ..Rows::default() };
        assert!(rows.next(|_| ()).is_err());
    }
}
