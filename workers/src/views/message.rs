//! What is published: some records of one journal, and which they are.

use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use super::record;

/// Tells our messages from rubbish, and this form from later ones.
const MAGIC: &[u8; 8] = b"stageV1\n";
const HEAD: usize = MAGIC.len() + 16 + 4 + 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub journal: Uuid,
    /// The day of these views in UTC.
    pub day: NaiveDate,
    /// How many records of the journal come before these.
    pub after: u64,
    /// Whole records, one after another.
    pub records: &'a [u8],
}

impl<'a> Message<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.records.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(self.journal.as_bytes());
        bytes.extend_from_slice(&self.day.num_days_from_ce().to_be_bytes());
        bytes.extend_from_slice(&self.after.to_be_bytes());
        bytes.extend_from_slice(self.records);
        bytes
    }

    /// `None` when this is not one of our messages.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(MAGIC)?;
        let (journal, bytes) = bytes.split_first_chunk()?;
        let (day, bytes) = bytes.split_first_chunk()?;
        let (after, records) = bytes.split_first_chunk()?;
        let after = u64::from_be_bytes(*after);
        let whole = !records.is_empty() && records.len().is_multiple_of(record::SIZE);
        // PostgreSQL keeps record numbers as bigint.
        let countable = after < u64::MAX / 4;
        (whole && countable).then_some(())?;
        Some(Self {
            journal: Uuid::from_bytes(*journal),
            day: day_from(i32::from_be_bytes(*day))?,
            after,
            records,
        })
    }

    /// The number of the last record: how many records of the journal there are up to the end of this message.
    pub(super) fn up_to(&self) -> u64 {
        self.after + (self.records.len() / record::SIZE) as u64
    }
}

/// Days that PostgreSQL cannot keep are refused here, so that no message can ever stop the counter.
fn day_from(number: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(number).filter(|day| (1..=9999).contains(&day.year()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(
            journal: u128, day in 1i32..3_000_000, after in 0..u64::MAX / 4, count in 1usize..50, byte: u8,
        ) {
            let records = vec![byte; count * record::SIZE];
            let day = NaiveDate::from_num_days_from_ce_opt(day).unwrap();
            let message = Message { journal: Uuid::from_u128(journal), day, after, records: &records };
            let bytes = message.encode();
            prop_assert_eq!(Message::decode(&bytes), Some(message.clone()));
            prop_assert_eq!(message.up_to(), after + count as u64);
        }

        #[test]
        fn rubbish_is_told_from_messages_and_never_panics(mut bytes: Vec<u8>, ours: bool) {
            if ours {
                bytes.splice(0..0, *MAGIC);
            }
            if let Some(message) = Message::decode(&bytes) {
                prop_assert!(message.up_to() > message.after);
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}
