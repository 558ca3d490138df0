//! How fast something goes, for the bars of long commands.

use std::fmt;

use indicatif::{HumanDuration, HumanFloatCount, ProgressState};

/// Events a second and the time left, once there is something to reckon with.
pub(crate) fn pace(state: &ProgressState, out: &mut dyn fmt::Write) {
    let rate = state.per_sec();
    if rate >= 1.0 {
        let _ = write!(out, ", {}/s, {:#} left", HumanFloatCount(rate.round()), HumanDuration(state.eta()));
    }
}
