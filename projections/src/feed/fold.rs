//! A batch, event by event, folded into what it changes in the end.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;
use stage_domain::{post::PostEvent, source::SourceEvent, stage::StageEvent, topics::Rules};
use stage_store::Recorded;
use uuid::Uuid;

use super::row::{Change, NewPost, sorted_at};
use crate::{
    ProjectionError,
    rows::{self, Place, Rows},
    topic_row::TopicRow,
};

/// An event that this read model cares about.
pub(super) enum Event {
    Stage(StageEvent),
    Source(SourceEvent),
    Post(PostEvent),
}

pub(super) fn read(event: &Recorded) -> Option<Result<(Place, Event), ProjectionError>> {
    let known = match event.stream_type.as_str() {
        // What it said is gone, and the event that tells of it takes the post away.
        "post" if event.is_redacted() => return None,
        "stage" => event.event().map(Event::Stage),
        "source" => event.event().map(Event::Source),
        "post" => event.event().map(Event::Post),
        _ => return None,
    };
    Some(known.map(|known| (Place::of(event), known)).map_err(ProjectionError::from))
}

/// What a batch changes.
pub(super) struct Changes {
    /// Sources and stages that were unlinked and closed before this batch.
    gone_before: BTreeSet<Uuid>,
    /// Those that it unlinks and closes; their posts and topics go.
    pub(super) gone: BTreeSet<Uuid>,
    /// Posts that it redacts; they go.
    pub(super) redacted: BTreeSet<Uuid>,
    /// The rules of the topics that it touches, as they stand before it.
    pub(super) rules_before: BTreeMap<Uuid, Rules>,
    pub(super) topics: Rows<TopicRow>,
    pub(super) new: BTreeMap<Uuid, NewPost>,
    /// Of posts that were there before, or are gone; for these it changes nothing.
    pub(super) changed: BTreeMap<Uuid, Change>,
}

impl Changes {
    pub(super) async fn of(
        tx: &mut PgConnection,
        events: Vec<(Place, Event)>,
    ) -> Result<Self, ProjectionError> {
        let (mut homes, mut topics) = (BTreeSet::new(), BTreeSet::new());
        for (_, event) in &events {
            match event {
                Event::Stage(event) => topics.extend(TopicRow::about(event)),
                Event::Post(PostEvent::PostImported { stage_id, source_id, .. }) => {
                    homes.extend([stage_id.0, source_id.0]);
                }
                Event::Source(_) | Event::Post(_) => {}
            }
        }
        let topics: Rows<TopicRow> = rows::load(tx, topics).await?;
        let rules_before =
            topics.iter().filter_map(|(id, row)| Some((*id, row.as_ref()?.rules.0.clone()))).collect();
        let mut changes = Self {
            gone_before: gone(tx, &homes).await?,
            gone: BTreeSet::new(),
            redacted: BTreeSet::new(),
            rules_before,
            topics,
            new: BTreeMap::new(),
            changed: BTreeMap::new(),
        };
        for (place, event) in events {
            changes.on(place, event);
        }
        Ok(changes)
    }

    fn on(&mut self, place: Place, event: Event) {
        match event {
            Event::Stage(StageEvent::StageClosed { .. }) => {
                self.topics.values_mut().for_each(|row| {
                    row.take_if(|row| row.stage_id == place.id);
                });
                self.went(place.id);
            }
            Event::Stage(event) => {
                if let Some(topic) = TopicRow::about(&event) {
                    let row = self.topics.entry(topic).or_default();
                    *row = TopicRow::after(row.take(), &event, place);
                }
            }
            Event::Source(SourceEvent::SourceUnlinked { .. }) => self.went(place.id),
            Event::Source(_) => {}
            Event::Post(event) => self.on_post(place, event),
        }
    }

    fn on_post(&mut self, place: Place, event: PostEvent) {
        let Place { id, version, .. } = place;
        match event {
            PostEvent::PostImported { stage_id, source_id, network, content, at, .. } => {
                let (stage_id, source_id) = (stage_id.0, source_id.0);
                if [stage_id, source_id].iter().any(|home| self.is_gone(home)) {
                    return;
                }
                let sorted_at = sorted_at(&content, at);
                let change = Change { version, ..Change::default() };
                let post =
                    NewPost { id, stage_id, source_id, network, content, sorted_at, imported_at: at, change };
                self.new.insert(id, post);
            }
            PostEvent::PostRedacted { .. } => {
                self.new.remove(&id);
                self.changed.remove(&id);
                self.redacted.insert(id);
            }
            event => match self.new.get_mut(&id) {
                Some(new) => new.change.on(event, version),
                None => self.changed.entry(id).or_default().on(event, version),
            },
        }
    }

    fn is_gone(&self, home: &Uuid) -> bool {
        self.gone_before.contains(home) || self.gone.contains(home)
    }

    /// A source or a stage is gone, with the posts that the batch brought for it so far.
    fn went(&mut self, home: Uuid) {
        self.gone.insert(home);
        self.new.retain(|_, post| post.source_id != home && post.stage_id != home);
    }
}

/// Which of these sources and stages are gone.
async fn gone(tx: &mut PgConnection, homes: &BTreeSet<Uuid>) -> Result<BTreeSet<Uuid>, ProjectionError> {
    if homes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let gone: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM gone WHERE id = ANY($1)")
        .bind(homes.iter().copied().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
    Ok(gone.into_iter().collect())
}
