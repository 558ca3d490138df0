//! Where a page of the feed ended, as a string that a client hands back.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ProjectionError;

/// The first byte; another form of the cursor gets another.
const VERSION: u8 = 1;

/// The first and the last moment that a post is sorted at: the years 1 to 9999.
pub(super) const FIRST: DateTime<Utc> = at_second(-62_135_596_800);
const LAST: DateTime<Utc> = at_second(253_402_300_799);

const fn at_second(seconds: i64) -> DateTime<Utc> {
    match DateTime::from_timestamp(seconds, 0) {
        Some(time) => time,
        None => DateTime::UNIX_EPOCH,
    }
}

/// The sort key of the last post of a page: the next page holds what is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// To the microsecond, as the column has it.
    pub(super) sorted_at: DateTime<Utc>,
    pub(super) id: Uuid,
}

impl Cursor {
    pub(super) fn write(self) -> String {
        let mut bytes = Vec::with_capacity(25);
        bytes.push(VERSION);
        bytes.extend(self.sorted_at.timestamp_micros().to_be_bytes());
        bytes.extend(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(super) fn read(text: &str) -> Result<Self, ProjectionError> {
        Self::parse(text).ok_or(ProjectionError::Cursor)
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 25] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let [VERSION, key @ ..] = bytes else { return None };
        let (micros, id) = key.split_at(8);
        let sorted_at = DateTime::from_timestamp_micros(i64::from_be_bytes(micros.try_into().ok()?))?;
        (FIRST..=LAST).contains(&sorted_at).then_some(Self { sorted_at, id: Uuid::from_slice(id).ok()? })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_needs_no_escaping(micros in FIRST.timestamp_micros()..LAST.timestamp_micros(), id: u128) {
            let sorted_at = DateTime::from_timestamp_micros(micros).unwrap();
            let cursor = Cursor { sorted_at, id: Uuid::from_u128(id) };
            let text = cursor.write();
            prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            prop_assert_eq!(Cursor::read(&text).unwrap(), cursor);
        }

        #[test]
        fn no_text_makes_the_program_stumble(text: String) {
            prop_assert!(matches!(Cursor::read(&text), Ok(_) | Err(ProjectionError::Cursor)));
        }
    }

    #[test]
    fn a_cursor_of_another_form_or_time_is_not_ours() {
        let id = Uuid::nil();
        let good = Cursor { sorted_at: DateTime::UNIX_EPOCH, id }.write();
        let mut bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
        bytes[0] = 2;
        let late = Cursor { sorted_at: DateTime::<Utc>::MAX_UTC, id }.write();
        for wrong in ["", "x", &good[1..], &format!("{good}A"), &URL_SAFE_NO_PAD.encode(bytes), &late] {
            assert!(matches!(Cursor::read(wrong), Err(ProjectionError::Cursor)), "{wrong:?} must be refused");
        }
    }
}
