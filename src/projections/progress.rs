//! How far a rebuild is: a bar on a terminal, lines of JSON for machines, and nothing else otherwise.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use stage_projections::engine::rebuild::{Phase, Stand};
use tokio::sync::watch;

use crate::pace::pace;

/// How often machines are told.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows until nobody tells anything any more.
pub(super) async fn show(name: &'static str, json: bool, mut stand: watch::Receiver<Stand>) {
    match json {
        true => lines(name, &mut stand).await,
        false => bar(name, &mut stand).await,
    }
}

async fn bar(name: &'static str, stand: &mut watch::Receiver<Stand>) {
    // Draws nothing where stderr is no terminal.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let form = "{prefix} {msg:<12} {wide_bar} {human_pos}/{human_len} events{pace}";
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style.with_key("pace", pace));
    }
    bar.set_prefix(name);
    let mut begun = false;
    while stand.changed().await.is_ok() {
        let now = *stand.borrow_and_update();
        bar.set_length(now.total);
        bar.set_message(word(now.phase));
        if !begun && now.phase == Phase::Applying {
            // What an earlier run did says nothing about the rate of this one.
            bar.set_position(now.before);
            bar.reset_eta();
            begun = true;
        }
        bar.set_position(now.done.min(now.total));
    }
    bar.finish_and_clear();
}

async fn lines(name: &'static str, stand: &mut watch::Receiver<Stand>) {
    let (mut begun, mut told, mut phase) = (Instant::now(), None::<Instant>, None);
    while stand.changed().await.is_ok() {
        let now = *stand.borrow_and_update();
        if phase != Some(now.phase) && now.phase == Phase::Applying {
            begun = Instant::now();
        }
        let due = told.is_none_or(|told| told.elapsed() >= LINE_EVERY);
        if now.phase == Phase::Done || (phase == Some(now.phase) && !due) {
            continue;
        }
        (told, phase) = (Some(Instant::now()), Some(now.phase));
        let (rate, left) = estimate(now, begun.elapsed());
        let line = json!({
            "name": name, "phase": word(now.phase), "applied": now.done, "events": now.total,
            "events_per_second": rate, "seconds_left": left,
        });
        let _ = writeln!(io::stdout().lock(), "{line}");
    }
}

/// Events a second since this run began, and the seconds that the rest takes at that rate.
#[allow(clippy::cast_precision_loss)]
fn estimate(now: Stand, time: Duration) -> (f64, Option<f64>) {
    let rate = now.done.saturating_sub(now.before) as f64 / time.as_secs_f64().max(0.001);
    let left = now.total.saturating_sub(now.done) as f64;
    (rate.round(), (rate > 0.0).then(|| (left / rate).ceil()))
}

fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Preparing => "preparing",
        Phase::Applying => "applying",
        Phase::Indexing => "indexing",
        Phase::CatchingUp => "catching up",
        Phase::Comparing => "comparing",
        Phase::Done => "done",
    }
}
