use std::io::{BufRead, BufReader, Read, Seek};

use serde_json::value::RawValue;
use stage_store::{Recorded, Restored};
use zip::ZipArchive;

use super::not_an_archive;
use crate::{CommandError, accounts::export::EventLine};

/// The events of the archive, one after the other.
pub(super) fn of(
    archive: &mut ZipArchive<impl Read + Seek>,
) -> Result<impl Iterator<Item = Result<EventLine, CommandError>>, CommandError> {
    let file = archive.by_name("events.ndjson").map_err(|_| not_an_archive())?;
    let lines = BufReader::new(file).lines();
    Ok(lines.map(|line| {
        let line = line.map_err(|_| not_an_archive())?;
        serde_json::from_str(&line).map_err(|_| not_an_archive())
    }))
}

impl EventLine {
    /// As a log has it. Its personal values are open, so that the event says all.
    pub(super) fn recorded(&self) -> Result<Recorded, CommandError> {
        let payload = RawValue::from_string(self.payload.to_string()).map_err(|_| not_an_archive())?;
        Ok(Recorded {
            position: self.position,
            recorded_at: self.recorded_at,
            stream_type: self.stream_type.clone(),
            stream_id: self.stream_id,
            sequence: self.sequence,
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            payload,
            metadata: self.metadata.clone(),
            redacted: None,
        })
    }

    pub(super) fn restored(self) -> Result<Restored, CommandError> {
        let event = Restored {
            stream_type: self.stream_type,
            stream_id: self.stream_id,
            sequence: self.sequence,
            event_type: self.event_type,
            event_version: self.event_version,
            payload: self.payload,
            metadata: self.metadata.get().to_owned(),
        };
        event.happened_elsewhere().map_err(|_| not_an_archive())
    }
}
