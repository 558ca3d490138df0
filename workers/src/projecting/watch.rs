//! What an operator sees of all projections, whichever process runs them.

use std::{collections::HashMap, time::Duration};

use metrics::gauge;
use sqlx::PgPool;
use stage_projections::engine::{Report, cause, report};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Clock;

const EVERY: Duration = Duration::from_secs(5);

/// Reads how far the projections are and puts it into the metrics, until `stop`.
pub async fn watch(pool: PgPool, clock: Clock, stop: CancellationToken) {
    let mut shown: HashMap<String, Report> = HashMap::new();
    while !stop.is_cancelled() {
        match report(&pool, clock()).await {
            Ok(reports) => {
                for report in reports {
                    let before = shown.remove(&report.name);
                    let report = match &before {
                        Some(before) => report.since(before),
                        None => report,
                    };
                    show(&report, before.as_ref());
                    shown.insert(report.name.clone(), report);
                }
            }
            Err(error) => tracing::warn!(cause = cause(&error), "the projections' state is not known"),
        }
        let _ = timeout(EVERY, stop.cancelled()).await;
    }
}

#[allow(clippy::cast_precision_loss)]
fn show(report: &Report, before: Option<&Report>) {
    let name = || report.name.clone();
    gauge!("stage_projection_position", "projection" => name()).set(report.position as f64);
    // Nobody is to be woken because a recipient was turned off.
    let (events, seconds) =
        if report.is_off() { (0.0, 0.0) } else { (report.lag_events as f64, report.lag_seconds) };
    gauge!("stage_projection_lag_events", "projection" => name()).set(events);
    gauge!("stage_projection_lag_seconds", "projection" => name()).set(seconds);
    gauge!("stage_projection_rate", "projection" => name()).set(report.rate.unwrap_or_default());
    for state in ["running", "paused", "failed"] {
        let is = if report.state == state { 1.0 } else { 0.0 };
        gauge!("stage_projection_state", "projection" => name(), "state" => state).set(is);
    }
    if let Some(before) = before.filter(|before| before.failing != report.failing) {
        failing(before, 0.0);
    }
    failing(report, 1.0);
}

/// The event that a projection stands in front of, why, and what to do.
fn failing(report: &Report, value: f64) {
    let Some(failing) = &report.failing else { return };
    gauge!(
        "stage_projection_failing",
        "projection" => report.name.clone(),
        "position" => failing.position.to_string(),
        "error" => failing.error.clone(),
        "remedy" => report.remedy.clone().unwrap_or_default(),
    )
    .set(value);
}
