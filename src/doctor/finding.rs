//! What a check found, in one line.

use serde::Serialize;

/// One line of the doctor's.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at: the same word at every run.
    pub(super) check: &'static str,
    pub(super) state: State,
    /// What was found, without a secret.
    pub(super) found: String,
    /// What to do, where something is not well.
    pub(super) remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Well,
    Wrong,
    /// It could not be looked at. That is not well either.
    Unknown,
}

impl Finding {
    pub(super) fn well(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Well, found: found.into(), remedy: None }
    }

    pub(super) fn wrong(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Wrong, found: found.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn unknown(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Unknown, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// For a person.
    pub(super) fn line(&self) -> String {
        let state = match self.state {
            State::Well => "well",
            State::Wrong => "WRONG",
            State::Unknown => "UNKNOWN",
        };
        let remedy = self.remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
        format!("{:<15} {state:<8} {}{remedy}", self.check, self.found)
    }
}

/// A number of bytes for a person.
pub(super) fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let mut size = bytes as f64;
    let mut units = ["bytes", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while size >= 1024.0
        && let Some(next) = units.next()
    {
        size /= 1024.0;
        unit = next;
    }
    match unit {
        "bytes" => format!("{bytes} bytes"),
        _ => format!("{size:.1} {unit}"),
    }
}
