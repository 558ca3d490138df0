use std::collections::HashMap;

use cqrs_es::{Aggregate, DomainEvent};
use stage_domain::{
    PostId, SourceId, TopicId,
    post::{Post, PostEvent},
    source::{Network, Source, SourceEvent},
    stage::{Stage, StageEvent},
};
use stage_store::Recorded;
use uuid::Uuid;

use super::{STAGE, at, content, raw};

/// A log that is in no database. Positions have gaps, as they may.
#[derive(Default)]
pub(crate) struct Logbook {
    pub(crate) events: Vec<Recorded>,
    versions: HashMap<Uuid, u64>,
    given: usize,
}

impl Logbook {
    pub(crate) fn push<A: Aggregate>(&mut self, id: Uuid, event: &A::Event) -> &mut Self {
        let version = self.versions.entry(id).or_default();
        *version += 1;
        self.events.push(Recorded {
            position: self.events.last().map_or(1, |last| last.position + 1 + i64::from(*version == 2)),
            recorded_at: at(0),
            stream_type: A::TYPE.to_owned(),
            stream_id: id,
            sequence: *version,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: raw(event),
            metadata: raw(&()),
            redacted: None,
        });
        self
    }

    pub(crate) fn stage(&mut self, event: StageEvent) -> &mut Self {
        self.push::<Stage>(STAGE.0, &event)
    }

    pub(crate) fn source(&mut self, source: SourceId, event: SourceEvent) -> &mut Self {
        self.push::<Source>(source.0, &event)
    }

    pub(crate) fn post(&mut self, post: PostId, event: PostEvent) -> &mut Self {
        self.push::<Post>(post.0, &event)
    }

    pub(crate) fn linked(&mut self, source: SourceId) -> &mut Self {
        let address = format!("https://example.org/{source}");
        let network = Network::Feed;
        self.source(
            source,
            SourceEvent::SourceLinked { stage_id: STAGE, network, address, interval_minutes: 15, at: at(0) },
        )
    }

    /// A post that was published, and imported, in this minute.
    pub(crate) fn imported(&mut self, source: SourceId, network_id: &str, text: &str, minute: i64) -> PostId {
        let post = PostId::of(source, network_id);
        let event = PostEvent::PostImported {
            stage_id: STAGE,
            source_id: source,
            network: Network::Feed,
            network_id: network_id.into(),
            content: content(text, Some(at(minute))),
            at: at(minute),
        };
        self.post(post, event);
        post
    }

    pub(crate) fn assigned(&mut self, post: PostId, topics: Option<&[TopicId]>) -> &mut Self {
        let topics = topics.map(<[_]>::to_vec);
        self.post(post, PostEvent::PostAssigned { stage_id: STAGE, topics, at: at(0) })
    }

    /// What was written since it was last asked.
    pub(crate) fn fresh(&mut self) -> Vec<Recorded> {
        let new = self.events[self.given..].to_vec();
        self.given = self.events.len();
        new
    }
}
