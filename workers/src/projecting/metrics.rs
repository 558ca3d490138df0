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

    /// The position of the last event applied. How far that is behind, the database says (`watch.rs`): what is announced
    /// is a hint and no more.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn at(&self, position: Position) {
        gauge!("stage_projection_position", "projection" => self.projection).set(position as f64);
    }

    /// Events applied.
    pub(super) fn applied(&self, events: usize) {
        counter!("stage_projection_events_applied_total", "projection" => self.projection)
            .increment(events as u64);
    }
}
