use std::collections::BTreeMap;

use stage_projections::views::{Part, ViewBatch};
use uuid::Uuid;

use super::reader::Received;
use crate::views::{message::Message, record};

/// What some messages add to what is counted.
#[derive(Default)]
pub(super) struct Sum {
    pub batch: ViewBatch,
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
        let end = match self.batch.journals.get(&message.journal) {
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
        let part = self.batch.journals.entry(message.journal).or_insert(Part { after: end, up_to: end });
        part.up_to = message.up_to();
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        for viewed in record::decode(message.records).skip(known) {
            match viewed {
                Some((viewed, by)) => self.batch.counts.entry((viewed, message.day)).or_default().add(by),
                None => self.malformed += 1,
            }
        }
    }

    /// Tells the metrics, once this is counted.
    pub(super) fn report(&self) {
        metrics::counter!("stage_views_counted_total").increment(self.batch.views());
        metrics::counter!("stage_views_repeated_total").increment(self.repeated);
        metrics::counter!("stage_views_early_messages_total").increment(self.early);
        metrics::counter!("stage_views_malformed_total").increment(self.malformed);
    }
}
