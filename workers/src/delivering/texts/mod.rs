//! The catalogue of what recipients read, in each language.

pub(crate) mod slack;

use chrono::{DateTime, Utc};
use stage_domain::Language;

/// A time as people write it, in UTC.
fn time(language: Language, at: DateTime<Utc>) -> String {
    match language {
        Language::En => at.format("%d %B %Y, %H:%M UTC").to_string(),
        Language::De => at.format("%d.%m.%Y, %H:%M Uhr UTC").to_string(),
    }
}
