use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{account::AccountEvent, source::SourceEvent, stage::StageEvent};
use stage_store::Recorded;
use uuid::Uuid;

use super::{
    member::{self, MemberRow, Members},
    row::{SourceRow, StageRow},
};
use crate::{
    ProjectionError,
    engine::{Projection, Rebuild},
    rows::{self, Place, Rows},
    topic_row::TopicRow,
};

/// The projection `stages`.
pub struct Stages;

#[async_trait]
impl Projection for Stages {
    fn name(&self) -> &'static str {
        "stages"
    }

    fn version(&self) -> i32 {
        4
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let events = batch.iter().filter_map(read).collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() {
            return Ok(());
        }
        let mut touched = Touched::load(tx, &events).await?;
        for (place, event) in &events {
            touched.on(*place, event);
        }
        touched.store(tx).await
    }

    fn rebuild(&self) -> Rebuild {
        Rebuild::Shared { passes: &[&["account", "stage", "source"]] }
    }
}

/// An event that this read model cares about.
enum Event {
    Stage(StageEvent),
    Source(SourceEvent),
    Account(AccountEvent),
}

fn read(event: &Recorded) -> Option<Result<(Place, Event), ProjectionError>> {
    let known = match event.stream_type.as_str() {
        "stage" => event.event().map(Event::Stage),
        "source" => event.event().map(Event::Source),
        "account" => event.event().map(Event::Account),
        _ => return None,
    };
    Some(known.map(|known| (Place::of(event), known)).map_err(ProjectionError::from))
}

/// The rows that a batch touches: loaded, changed event by event, stored again.
pub(super) struct Touched {
    pub(super) stages: Rows<StageRow>,
    pub(super) topics: Rows<TopicRow>,
    pub(super) sources: Rows<SourceRow>,
    pub(super) members: Members,
    /// Stages whose rows go, also those that weren't loaded.
    pub(super) closed: Vec<Uuid>,
    /// Accounts that became restricted (`true`) or are not any more. One that is erased stays so: its stages are to be
    /// closed, and nobody sees them until that is done.
    pub(super) restricted: BTreeMap<Uuid, bool>,
    /// Where each stage last changed, and each account in what readers see of its stages.
    pub(super) heads: BTreeMap<Uuid, i64>,
}

impl Touched {
    async fn load(tx: &mut PgConnection, events: &[(Place, Event)]) -> Result<Self, ProjectionError> {
        let (mut stages, mut topics, mut sources, mut members) = (vec![], vec![], vec![], vec![]);
        for (place, event) in events {
            match event {
                Event::Stage(event) => {
                    stages.push(place.id);
                    topics.extend(TopicRow::about(event));
                    members.extend(MemberRow::about(event).map(|member| (place.id, member)));
                }
                Event::Source(_) => sources.push(place.id),
                Event::Account(_) => {}
            }
        }
        Ok(Self {
            stages: rows::load(tx, stages).await?,
            topics: rows::load(tx, topics).await?,
            sources: rows::load(tx, sources).await?,
            members: member::load(tx, members).await?,
            closed: vec![],
            restricted: BTreeMap::new(),
            heads: BTreeMap::new(),
        })
    }

    fn on(&mut self, place: Place, event: &Event) {
        match event {
            Event::Stage(event) => {
                self.heads.insert(place.id, place.position);
                let row = self.stages.entry(place.id).or_default();
                *row = StageRow::after(row.take(), event, place);
                if let Some(topic) = TopicRow::about(event) {
                    let row = self.topics.entry(topic).or_default();
                    *row = TopicRow::after(row.take(), event, place);
                }
                if let Some(member) = MemberRow::about(event) {
                    let row = self.members.entry((place.id, member)).or_default();
                    *row = MemberRow::after(row.take(), event, place, member);
                }
                if matches!(event, StageEvent::StageClosed { .. }) {
                    self.close(place.id);
                }
            }
            Event::Source(event) => {
                let row = self.sources.entry(place.id).or_default();
                *row = SourceRow::after(row.take(), event, place);
            }
            Event::Account(AccountEvent::AccountRestricted { .. } | AccountEvent::AccountErased { .. }) => {
                self.restricted.insert(place.id, true);
                self.heads.insert(place.id, place.position);
            }
            Event::Account(AccountEvent::RestrictionLifted { .. }) => {
                self.restricted.insert(place.id, false);
                self.heads.insert(place.id, place.position);
            }
            Event::Account(_) => {}
        }
    }

    fn close(&mut self, stage: Uuid) {
        self.closed.push(stage);
        self.members.retain(|(of, _), _| *of != stage);
        self.topics.values_mut().for_each(|row| {
            row.take_if(|row| row.stage_id == stage);
        });
        self.sources.values_mut().for_each(|row| {
            row.take_if(|row| row.stage_id == stage);
        });
    }
}
