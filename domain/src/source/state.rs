use serde::{Deserialize, Serialize};

use super::{Cursor, FailureKind, Network, SourceCommand, SourceError, SourceEvent};
use crate::{Decide, StageId};

/// What the next decision about a source needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `None` before the source is linked.
    pub stage_id: Option<StageId>,
    pub network: Network,
    pub address: String,
    pub interval_minutes: u32,
    pub paused: bool,
    pub title: Option<String>,
    pub cursor: Cursor,
    pub imported_once: bool,
    pub failing: Option<FailureKind>,
    pub unlinked: bool,
}

crate::aggregate!(Source, "source", SourceCommand, SourceEvent, SourceError);

impl Source {
    /// Whether there is a source: linked and not unlinked.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.stage_id.is_some() && !self.unlinked
    }
}

impl Decide for Source {
    fn decide(&self, command: SourceCommand) -> Result<Vec<SourceEvent>, SourceError> {
        if let SourceCommand::Link { stage_id, network, address, interval_minutes, at } = command {
            return match self.stage_id {
                Some(_) => Err(SourceError::AlreadyLinked),
                None => {
                    Ok(vec![SourceEvent::SourceLinked { stage_id, network, address, interval_minutes, at }])
                }
            };
        }
        if !self.is_linked() {
            return Err(SourceError::NotFound);
        }
        Ok(match command {
            SourceCommand::Link { .. } => return Err(SourceError::AlreadyLinked),
            SourceCommand::Change { interval_minutes, paused, at } => {
                let interval_minutes = interval_minutes.unwrap_or(self.interval_minutes);
                let paused = paused.unwrap_or(self.paused);
                match (interval_minutes, paused) == (self.interval_minutes, self.paused) {
                    true => vec![],
                    false => vec![SourceEvent::SourceChanged { interval_minutes, paused, at }],
                }
            }
            SourceCommand::RecordImport { cursor, title, imported, revised, at } => {
                let told = imported > 0
                    || revised > 0
                    || !self.imported_once
                    || self.failing.is_some()
                    || title != self.title;
                match told {
                    true => vec![SourceEvent::SourceImported { cursor, title, imported, revised, at }],
                    false => vec![],
                }
            }
            SourceCommand::RecordFailure { failure, at } => match self.failing == Some(failure.kind) {
                true => vec![],
                false => vec![SourceEvent::SourceFailed { failure, at }],
            },
            SourceCommand::Unlink { at } => vec![SourceEvent::SourceUnlinked { at }],
        })
    }
}

impl Source {
    pub(super) fn on(&mut self, event: SourceEvent) {
        match event {
            SourceEvent::SourceLinked { stage_id, network, address, interval_minutes, .. } => {
                self.stage_id = Some(stage_id);
                self.network = network;
                self.address = address;
                self.interval_minutes = interval_minutes;
            }
            SourceEvent::SourceChanged { interval_minutes, paused, .. } => {
                self.interval_minutes = interval_minutes;
                self.paused = paused;
            }
            SourceEvent::SourceImported { cursor, title, .. } => {
                self.cursor = cursor;
                self.title = title;
                self.imported_once = true;
                self.failing = None;
            }
            SourceEvent::SourceFailed { failure, .. } => self.failing = Some(failure.kind),
            SourceEvent::SourceUnlinked { .. } => self.unlinked = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::source::{DEFAULT_INTERVAL, Failure};

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn linked() -> SourceEvent {
        SourceEvent::SourceLinked {
            stage_id: StageId::default(),
            network: Network::Feed,
            address: "https://example.org/feed".into(),
            interval_minutes: DEFAULT_INTERVAL,
            at: AT,
        }
    }

    fn import(imported: u32) -> SourceCommand {
        SourceCommand::RecordImport { cursor: Cursor::default(), title: None, imported, revised: 0, at: AT }
    }

    fn imported(imported: u32) -> SourceEvent {
        SourceEvent::SourceImported { cursor: Cursor::default(), title: None, imported, revised: 0, at: AT }
    }

    fn failed(kind: FailureKind) -> (SourceCommand, SourceEvent) {
        let failure = Failure { kind, detail: String::new() };
        (
            SourceCommand::RecordFailure { failure: failure.clone(), at: AT },
            SourceEvent::SourceFailed { failure, at: AT },
        )
    }

    fn when(given: Vec<SourceEvent>, command: SourceCommand, then: Vec<SourceEvent>) {
        TestFramework::<Source>::with(()).given(given).when(command).then_expect_events(then);
    }

    #[test]
    fn the_first_document_is_recorded_and_one_that_changes_nothing_is_not() {
        when(vec![linked()], import(0), vec![imported(0)]);
        when(vec![linked(), imported(3)], import(0), vec![]);
        when(vec![linked(), imported(3)], import(1), vec![imported(1)]);
    }

    #[test]
    fn a_failure_is_recorded_once_until_it_ends_or_changes() {
        let (refuse, refused) = failed(FailureKind::Refused);
        let (time_out, timed_out) = failed(FailureKind::TimedOut);
        when(vec![linked()], refuse.clone(), vec![refused.clone()]);
        when(vec![linked(), refused.clone()], refuse, vec![]);
        when(vec![linked(), refused.clone()], time_out, vec![timed_out]);
        when(vec![linked(), imported(1), refused], import(0), vec![imported(0)]);
    }

    #[test]
    fn nothing_is_imported_once_a_source_is_unlinked() {
        TestFramework::<Source>::with(())
            .given(vec![linked(), SourceEvent::SourceUnlinked { at: AT }])
            .when(import(1))
            .then_expect_error(SourceError::NotFound);
    }
}
