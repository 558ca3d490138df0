use metrics::{counter, gauge};
use stage_store::proof::Checkpoint;

/// Whether this process leads.
pub(super) fn leads(leads: bool) {
    gauge!("stage_notary_leader").set(if leads { 1.0 } else { 0.0 });
}

/// Whether the notary refuses to sign until somebody has looked at it.
pub(super) fn stuck(stuck: bool) {
    gauge!("stage_notary_stuck").set(if stuck { 1.0 } else { 0.0 });
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn signed(checkpoint: &Checkpoint) {
    counter!("stage_notary_checkpoints_total").increment(1);
    gauge!("stage_notary_events").set(checkpoint.size as f64);
}
