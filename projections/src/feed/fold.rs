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
    /// The stages and sources of its events that were gone before it, each with the position of that.
    gone_before: BTreeMap<Uuid, i64>,
    /// Those that it unlinks and closes, each with the position of that; their posts and topics go.
    pub(super) gone: BTreeMap<Uuid, i64>,
    /// Posts that it redacts, each with its stage and the position of that; they go.
    pub(super) redacted: BTreeMap<Uuid, (Uuid, i64)>,
    /// The rules of the topics that it touches, as they stand before it.
    pub(super) rules_before: BTreeMap<Uuid, Rules>,
    pub(super) topics: Rows<TopicRow>,
    pub(super) new: BTreeMap<Uuid, NewPost>,
    /// Of posts that were there before, or are gone; for these it changes nothing.
    pub(super) changed: BTreeMap<Uuid, Change>,
    /// Posts that it brings and withdraws again.
    withdrawn: Vec<Withdrawn>,
    heads: BTreeMap<Uuid, Head>,
}

/// A post that went with its source.
pub(super) struct Withdrawn {
    pub(super) id: Uuid,
    pub(super) stage_id: Uuid,
    pub(super) position: i64,
}

/// Where a stage last changed in what this read model shows of it.
#[derive(Default)]
pub(super) struct Head {
    pub(super) position: i64,
    pub(super) topics: i64,
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
                Event::Post(PostEvent::PostRedacted { stage_id, .. }) => {
                    homes.insert(stage_id.0);
                }
                Event::Source(_) | Event::Post(_) => {}
            }
        }
        let topics: Rows<TopicRow> = rows::load(tx, topics).await?;
        let rules_before =
            topics.iter().filter_map(|(id, row)| Some((*id, row.as_ref()?.rules.0.clone()))).collect();
        let mut changes = Self {
            gone_before: gone(tx, &homes).await?,
            gone: BTreeMap::new(),
            redacted: BTreeMap::new(),
            rules_before,
            topics,
            new: BTreeMap::new(),
            changed: BTreeMap::new(),
            withdrawn: vec![],
            heads: BTreeMap::new(),
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
                self.withdrawn.retain(|post| post.stage_id != place.id);
                self.moved(place.id, place.position);
                self.went(place);
            }
            Event::Stage(event) => {
                if let Some(topic) = TopicRow::about(&event) {
                    self.moved(place.id, place.position).topics = place.position;
                    let row = self.topics.entry(topic).or_default();
                    *row = TopicRow::after(row.take(), &event, place);
                }
            }
            Event::Source(SourceEvent::SourceUnlinked { .. }) => self.went(place),
            Event::Source(_) => {}
            Event::Post(event) => self.on_post(place, event),
        }
    }

    fn on_post(&mut self, place: Place, event: PostEvent) {
        let Place { id, version, position } = place;
        self.moved(event.stage_id().0, position);
        match event {
            PostEvent::PostImported { stage_id, source_id, network, content, at, .. } => {
                let (stage_id, source_id) = (stage_id.0, source_id.0);
                if self.gone_at(&stage_id).is_some() {
                    return;
                }
                if let Some(gone) = self.gone_at(&source_id) {
                    // One that arrived while its source was being unlinked was never shown.
                    if position < gone {
                        self.withdrawn.push(Withdrawn { id, stage_id, position: gone });
                    }
                    return;
                }
                let sorted_at = sorted_at(&content, at);
                let change = Change { version, position, ..Change::default() };
                let post =
                    NewPost { id, stage_id, source_id, network, content, sorted_at, imported_at: at, change };
                self.new.insert(id, post);
            }
            PostEvent::PostRedacted { stage_id, .. } => {
                self.new.remove(&id);
                self.changed.remove(&id);
                self.redacted.insert(id, (stage_id.0, position));
            }
            event => match self.new.get_mut(&id) {
                Some(new) => new.change.on(event, place),
                None => self.changed.entry(id).or_default().on(event, place),
            },
        }
    }

    fn gone_at(&self, home: &Uuid) -> Option<i64> {
        self.gone_before.get(home).or_else(|| self.gone.get(home)).copied()
    }

    /// A source or a stage is gone, with the posts that the batch brought for it so far.
    fn went(&mut self, Place { id: home, position, .. }: Place) {
        self.gone.insert(home, position);
        let went = self.new.extract_if(.., |_, post| post.source_id == home || post.stage_id == home);
        let withdrawn = went.filter(|(_, post)| post.stage_id != home).map(|(id, post)| Withdrawn {
            id,
            stage_id: post.stage_id,
            position,
        });
        self.withdrawn.extend(withdrawn);
    }

    fn moved(&mut self, stage: Uuid, position: i64) -> &mut Head {
        let head = self.heads.entry(stage).or_default();
        head.position = head.position.max(position);
        head
    }

    /// All posts that are withdrawn, those among them that were there before the batch, and where that leaves the stages.
    pub(super) fn withdrawn(&mut self, before: Vec<Withdrawn>) -> (Vec<Withdrawn>, BTreeMap<Uuid, Head>) {
        let mut withdrawn: BTreeMap<Uuid, Withdrawn> =
            self.withdrawn.drain(..).chain(before).map(|post| (post.id, post)).collect();
        // What was redacted stands where that was, also when its source went first. Closed stages keep nothing.
        let redacted: Vec<_> = self.redacted.iter().map(|(id, (stage, at))| (*id, *stage, *at)).collect();
        for (id, stage_id, position) in redacted {
            if self.gone_at(&stage_id).is_none() {
                withdrawn.insert(id, Withdrawn { id, stage_id, position });
            }
        }
        for post in withdrawn.values() {
            self.moved(post.stage_id, post.position);
        }
        (withdrawn.into_values().collect(), std::mem::take(&mut self.heads))
    }
}

/// Which of these sources and stages are gone, and since where in the log.
async fn gone(tx: &mut PgConnection, homes: &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, i64>, ProjectionError> {
    if homes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let gone: Vec<(Uuid, i64)> = sqlx::query_as("SELECT id, position FROM gone WHERE id = ANY($1)")
        .bind(homes.iter().copied().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
    Ok(gone.into_iter().collect())
}
