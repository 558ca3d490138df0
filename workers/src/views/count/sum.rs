use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use foldhash::fast::RandomState;
use stage_projections::views::{Counts, Part, ViewBatch, Viewed};
use uuid::Uuid;

use super::reader::Received;
use crate::views::{message::Message, record};

/// What some messages add to what is counted.
#[derive(Default)]
pub(super) struct Sum {
    journals: BTreeMap<Uuid, Part>,
    /// For each record one is looked up, which is what counting costs: hence the hasher.
    days: BTreeMap<NaiveDate, HashMap<Viewed, Counts, RandomState>>,
    /// The sequence of the last message.
    pub last_sequence: u64,
    pub messages: usize,
    repeated: u64,
    early: u64,
    malformed: u64,
}

impl Sum {
    /// Adds the records of a message that follow what is counted and summed of its journal, and no others.
    pub(super) fn add(&mut self, counted: &BTreeMap<Uuid, u64>, received: &Received) {
        self.messages += 1;
        self.last_sequence = self.last_sequence.max(received.sequence);
        let Some(message) = Message::decode(&received.payload) else {
            self.malformed += 1;
            return;
        };
        let end = match self.journals.get(&message.journal) {
            Some(part) => part.up_to,
            None => counted.get(&message.journal).copied().unwrap_or_default(),
        };
        if message.after > end {
            // Some records before these got lost. The publisher misses them and sends these again after them.
            self.early += 1;
            return;
        }
        let known = end - message.after;
        self.repeated += known.min(message.up_to() - message.after);
        if message.up_to() <= end {
            return;
        }
        let part = self.journals.entry(message.journal).or_insert(Part { after: end, up_to: end });
        part.up_to = message.up_to();
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let counts = self.days.entry(message.day).or_default();
        for viewed in record::decode(message.records).skip(known) {
            match viewed {
                Some((viewed, by)) => counts.entry(viewed).or_default().add(by),
                None => self.malformed += 1,
            }
        }
    }

    /// What is to be counted, in an order of its own.
    pub(super) fn batch(&mut self) -> ViewBatch {
        let days = std::mem::take(&mut self.days).into_iter();
        let counts =
            days.flat_map(|(day, of)| of.into_iter().map(move |(viewed, counts)| ((viewed, day), counts)));
        ViewBatch { journals: std::mem::take(&mut self.journals), counts: counts.collect() }
    }

    /// Tells the metrics, once the batch is counted.
    pub(super) fn report(&self, counted: &ViewBatch) {
        metrics::counter!("stage_views_counted_total").increment(counted.views());
        metrics::counter!("stage_views_repeated_total").increment(self.repeated);
        metrics::counter!("stage_views_early_messages_total").increment(self.early);
        metrics::counter!("stage_views_malformed_total").increment(self.malformed);
    }
}
