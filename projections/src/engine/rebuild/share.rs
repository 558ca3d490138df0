//! Which of the workers applies an event: all events of one stage go to the same one.

use std::collections::HashMap;

use serde::Deserialize;
use stage_domain::StageId;
use stage_store::{Reader, Recorded};
use uuid::Uuid;

use crate::ProjectionError;

/// Sources whose stage is kept in mind; more are looked up again.
const KNOWN: usize = 100_000;

pub(super) struct Share {
    reader: Reader,
    parts: usize,
    /// The stage of each source, which only its first event names.
    sources: HashMap<Uuid, Uuid>,
}

/// What the payload of an event says about its stage, whatever the event. The fields stand under its name.
type Said = HashMap<String, Home>;

#[derive(Deserialize)]
struct Home {
    stage_id: Option<StageId>,
}

impl Share {
    pub(super) fn among(parts: usize, reader: Reader) -> Self {
        Self { reader, parts: parts.max(1), sources: HashMap::new() }
    }

    /// The part of each of these events, in their order.
    pub(super) async fn of(&mut self, events: &[Recorded]) -> Result<Vec<usize>, ProjectionError> {
        if self.parts == 1 {
            return Ok(vec![0; events.len()]);
        }
        self.look_up(events).await?;
        Ok(events.iter().map(|event| self.part(self.key(event))).collect())
    }

    /// What all events that belong together have in common. An event that cannot be read is found out by who applies it.
    fn key(&self, event: &Recorded) -> Uuid {
        match event.stream_type.as_str() {
            "source" => self.sources.get(&event.stream_id).copied().unwrap_or(event.stream_id),
            "post" => stage_of(event).unwrap_or(event.stream_id),
            _ => event.stream_id,
        }
    }

    fn part(&self, key: Uuid) -> usize {
        // The last bytes are random in a UUIDv7 and hashed in a UUIDv5.
        let (_, random) = key.as_u64_pair();
        (random % self.parts as u64) as usize
    }

    async fn look_up(&mut self, events: &[Recorded]) -> Result<(), ProjectionError> {
        if self.sources.len() > KNOWN {
            self.sources.clear();
        }
        let sources = events.iter().filter(|event| event.stream_type == "source");
        let mut unknown: Vec<Uuid> = Vec::new();
        for event in sources {
            match stage_of(event) {
                Some(stage) if event.sequence == 1 => drop(self.sources.insert(event.stream_id, stage)),
                _ if self.sources.contains_key(&event.stream_id) => {}
                _ => unknown.push(event.stream_id),
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            let first = self.reader.first("source", &unknown).await?;
            self.sources.extend(first.iter().filter_map(|event| Some((event.stream_id, stage_of(event)?))));
        }
        Ok(())
    }
}

fn stage_of(event: &Recorded) -> Option<Uuid> {
    let said: Said = serde_json::from_str(event.payload.get()).ok()?;
    said.into_values().next()?.stage_id.map(|stage| stage.0)
}
