use metrics::{counter, gauge};
use stage_store::Position;

/// What an operator sees of one projection in this process.
pub(super) struct Metrics {
    projection: &'static str,
}

impl Metrics {
    pub(super) fn new(projection: &'static str) -> Self {
        Self { projection }
    }

    /// Whether this process leads.
    pub(super) fn leads(&self, leads: bool) {
        gauge!("stage_projection_leader", "projection" => self.projection).set(if leads { 1.0 } else { 0.0 });
    }

    /// The position of the last event applied, and how many positions the log is known to be ahead.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn at(&self, position: Position, end: Position) {
        gauge!("stage_projection_position", "projection" => self.projection).set(position as f64);
        gauge!("stage_projection_lag", "projection" => self.projection).set((end - position).max(0) as f64);
    }

    /// Events applied.
    pub(super) fn applied(&self, events: usize) {
        counter!("stage_projection_events_applied_total", "projection" => self.projection)
            .increment(events as u64);
    }

    /// Whether the projection stands in front of an event that it can't apply.
    pub(super) fn stopped(&self, stopped: bool) {
        gauge!("stage_projection_stopped", "projection" => self.projection).set(if stopped {
            1.0
        } else {
            0.0
        });
    }
}
