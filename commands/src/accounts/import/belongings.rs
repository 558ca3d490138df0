//! What follows from the events of an archive, and whether they belong together at all.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{
    AccountId, MediaId, SourceId, StageId,
    account::{Account, AccountEvent},
    post::PostEvent,
    source::{Source, SourceEvent},
    stage::{Stage, StageEvent},
};
use stage_store::{Also, Appended, ClaimChange, ClaimKind, Loaded};
use uuid::Uuid;

use super::not_an_archive;
use crate::{
    CommandError, Time,
    accounts::{export::EventLine, restrict::Restrict},
    sources::{Begin, claimed},
    stages::{Belongs, Owned},
};

/// The aggregates of the archive as their events leave them. Posts are only looked at: there may be very many.
pub(super) struct Belongings {
    id: AccountId,
    account: Loaded<Account>,
    stages: BTreeMap<Uuid, Loaded<Stage>>,
    sources: BTreeMap<Uuid, Loaded<Source>>,
    /// The media type of each file.
    types: BTreeMap<MediaId, String>,
}

impl Belongings {
    pub(super) fn new(id: AccountId) -> Self {
        Self {
            id,
            account: Loaded::default(),
            stages: BTreeMap::new(),
            sources: BTreeMap::new(),
            types: BTreeMap::new(),
        }
    }

    /// Refuses an event that is not about this account, its stages, their sources or posts.
    pub(super) fn on(&mut self, line: &EventLine) -> Result<(), CommandError> {
        let recorded = line.recorded()?;
        let unreadable = |_| not_an_archive();
        match line.stream_type.as_str() {
            "account" if line.stream_id == self.id.0 => {
                let event: AccountEvent = recorded.event().map_err(unreadable)?;
                next(self.account.take_in(event, line.sequence))
            }
            "stage" => {
                let event: StageEvent = recorded.event().map_err(unreadable)?;
                match &event {
                    StageEvent::StageCreated { owner, .. } if *owner != self.id => {
                        return Err(not_an_archive());
                    }
                    StageEvent::MediaAdded { media_id, content_type, .. } => {
                        self.types.insert(*media_id, content_type.clone());
                    }
                    _ => {}
                }
                let stage = self.stages.entry(line.stream_id).or_default();
                next(stage.take_in(event, line.sequence))
            }
            "source" => {
                let event: SourceEvent = recorded.event().map_err(unreadable)?;
                if let SourceEvent::SourceLinked { stage_id, .. } = &event {
                    self.owns(stage_id.0)?;
                }
                let source = self.sources.entry(line.stream_id).or_default();
                next(source.take_in(event, line.sequence))
            }
            "post" => {
                let event: PostEvent = recorded.event().map_err(unreadable)?;
                self.owns(event.stage_id().0)
            }
            _ => Err(not_an_archive()),
        }
    }

    fn owns(&self, stage: Uuid) -> Result<(), CommandError> {
        match self.stages.contains_key(&stage) {
            true => Ok(()),
            false => Err(not_an_archive()),
        }
    }

    pub(super) fn account(&self) -> AccountId {
        self.id
    }

    pub(super) fn version(&self) -> u64 {
        self.account.version
    }

    fn open_stages(&self) -> impl Iterator<Item = (StageId, &Stage)> {
        let stages = self.stages.iter().map(|(id, stage)| (StageId(*id), &stage.aggregate));
        stages.filter(|(_, stage)| stage.is_open())
    }

    fn linked_sources(&self) -> impl Iterator<Item = (SourceId, StageId, &Source)> {
        self.sources.iter().filter_map(|(id, source)| {
            let source = &source.aggregate;
            let stage = source.stage_id.filter(|_| source.is_linked())?;
            let open = self.stages.get(&stage.0)?.aggregate.is_open();
            open.then_some((SourceId(*id), stage, source))
        })
    }

    pub(super) fn media(&self) -> impl Iterator<Item = MediaId> {
        self.open_stages().flat_map(|(_, stage)| stage.media.iter().copied())
    }

    /// Each file of an open stage: its media type, and its name in the archive.
    pub(super) fn files(&self) -> Vec<(MediaId, String, String)> {
        let mut files = Vec::new();
        for (_, stage) in self.open_stages() {
            for media in &stage.media {
                let Some(content_type) = self.types.get(media) else { continue };
                let ending = content_type.rsplit('/').next().unwrap_or("bin");
                let name = format!("stages/{}/media/{media}.{ending}", stage.handle);
                files.push((*media, content_type.clone(), name));
            }
        }
        files
    }

    pub(super) fn claims(&self) -> Vec<ClaimChange> {
        let take = |kind, value: String, owner| ClaimChange::Take { kind, value, owner };
        let email = self.account.aggregate.person.as_ref().and_then(|person| person.email.known());
        let email = email.map(|email| take(ClaimKind::Email, email.clone(), self.id.0));
        let handles =
            self.open_stages().map(|(id, stage)| take(ClaimKind::Handle, stage.handle.clone(), id.0));
        let addresses = self.linked_sources().map(|(id, stage, source)| {
            take(ClaimKind::SourceAddress, claimed(stage, source.network, &source.address), id.0)
        });
        email.into_iter().chain(handles).chain(addresses).collect()
    }

    /// The rows that the commands behind these events would have written.
    pub(super) fn rows(&self, at: Time) -> Vec<Arc<dyn Also>> {
        let mut rows: Vec<Arc<dyn Also>> = Vec::new();
        for (stage, loaded) in self.open_stages() {
            rows.push(Arc::new(Owned { stage, owner: self.id }));
            for media in &loaded.media {
                rows.push(Arc::new(Belongs { media: *media, stage }));
            }
        }
        for (source, stage, loaded) in self.linked_sources() {
            rows.push(Arc::new(Begin { source, stage, interval_minutes: loaded.interval_minutes, at }));
            if loaded.paused {
                rows.push(Arc::new(Paused(source)));
            }
        }
        if self.account.aggregate.is_restricted() {
            rows.push(Arc::new(Restrict(self.id)));
        }
        rows
    }
}

fn next(is_next: bool) -> Result<(), CommandError> {
    if is_next { Ok(()) } else { Err(not_an_archive()) }
}

struct Paused(SourceId);

#[async_trait]
impl Also for Paused {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE poll_schedule SET paused = true WHERE source_id = $1")
            .bind(self.0.0)
            .execute(tx)
            .await
            .map(drop)
    }
}
