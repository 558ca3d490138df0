use metrics::{counter, gauge};

/// What an operator sees of one recipient in this process.
pub(super) struct Metrics {
    pub(super) recipient: &'static str,
}

impl Metrics {
    /// Whether this process sends.
    pub(super) fn leads(&self, leads: bool) {
        gauge!("stage_outbox_leader", "recipient" => self.recipient).set(if leads { 1.0 } else { 0.0 });
    }

    /// One try or one decision: sent, withheld, again, dead.
    pub(super) fn count(&self, outcome: &'static str) {
        counter!("stage_outbox_deliveries_total", "recipient" => self.recipient, "outcome" => outcome)
            .increment(1);
    }

    /// What waits and what is dead.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn at(&self, waiting: i64, dead: i64) {
        gauge!("stage_outbox_waiting", "recipient" => self.recipient).set(waiting as f64);
        gauge!("stage_outbox_dead", "recipient" => self.recipient).set(dead as f64);
    }
}
