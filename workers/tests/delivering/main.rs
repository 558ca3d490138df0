//! Telling recipients: what they are told, in which order, how often, and what a crash leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;
mod crash;
mod mail;
mod restored;
mod restriction;
mod rights;
mod slack;

use std::time::Duration;

use stage_workers::delivering::Settings;

/// Pauses short enough for a test, and few tries.
pub(crate) fn quick() -> Settings {
    Settings {
        tries: 4,
        first_pause: Duration::from_millis(20),
        look_every: Duration::from_millis(20),
        watch_every: Duration::from_millis(50),
        rest: Duration::from_millis(50),
        ..Settings::default()
    }
}
