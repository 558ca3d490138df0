//! What follows from the events of an archive, and whether they belong together at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{
    AccountId, MediaId, SourceId, StageId,
    account::{Account, AccountEvent, Restriction},
    post::PostEvent,
    source::{Source, SourceEvent},
    stage::{Stage, StageEvent},
};
use stage_store::{Also, Appended, ClaimChange, ClaimKind, Loaded};
use uuid::Uuid;

use super::not_an_archive;
use crate::{
    CommandError, Time,
    accounts::{
        export::{EventLine, is_of},
        restrict::{EndAfter, Restrict},
    },
    members::Joined,
    sources::{Begin, claimed},
    stages::{Belongs, Owned},
};

/// The looks of auditors at the person's data. They are not taken in: the auditors and the positions that they name are
/// those of the installation that the archive is from.
const ACCESS: &str = "access";

/// The aggregates of the archive as their events leave them. Posts are only looked at: there may be very many.
pub(super) struct Belongings {
    id: AccountId,
    account: Loaded<Account>,
    stages: BTreeMap<Uuid, Loaded<Stage>>,
    sources: BTreeMap<Uuid, Loaded<Source>>,
    /// The media type of each file.
    types: BTreeMap<MediaId, String>,
    /// Streams that are not taken in: stages that are here already, with their sources and posts.
    left_out: BTreeSet<Uuid>,
}

impl Belongings {
    pub(super) fn new(id: AccountId) -> Self {
        Self {
            id,
            account: Loaded::default(),
            stages: BTreeMap::new(),
            sources: BTreeMap::new(),
            types: BTreeMap::new(),
            left_out: BTreeSet::new(),
        }
    }

    /// Another owner of this stage has brought it along before; it stays as it is here.
    pub(super) fn leave_out(&mut self, stage: Uuid) {
        self.left_out.insert(stage);
    }

    pub(super) fn is_left_out(&self, line: &EventLine) -> bool {
        line.stream_type == ACCESS || self.left_out.contains(&line.stream_id)
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
            ACCESS if line.stream_id == self.id.0 => Ok(()),
            "stage" | "source" | "post" if self.is_left_out(line) => Ok(()),
            "stage" => {
                let event: StageEvent = recorded.event().map_err(unreadable)?;
                if let StageEvent::MediaAdded { media_id, content_type, .. } = &event {
                    self.types.insert(*media_id, content_type.clone());
                }
                let stage = self.stages.entry(line.stream_id).or_default();
                next(stage.take_in(event, line.sequence))
            }
            "source" => {
                let event: SourceEvent = recorded.event().map_err(unreadable)?;
                if let SourceEvent::SourceLinked { stage_id, .. } = &event
                    && !self.owns(line.stream_id, stage_id.0)?
                {
                    return Ok(());
                }
                let source = self.sources.entry(line.stream_id).or_default();
                next(source.take_in(event, line.sequence))
            }
            "post" => {
                let event: PostEvent = recorded.event().map_err(unreadable)?;
                self.owns(line.stream_id, event.stage_id().0).map(drop)
            }
            _ => Err(not_an_archive()),
        }
    }

    /// Whether a stream of this stage is taken in; it is left out with its stage.
    fn owns(&mut self, stream: Uuid, stage: Uuid) -> Result<bool, CommandError> {
        if self.left_out.contains(&stage) {
            self.left_out.insert(stream);
            return Ok(false);
        }
        self.stages.contains_key(&stage).then_some(true).ok_or_else(not_an_archive)
    }

    /// Once every event was looked at: refuses a stage of which this account is no owner.
    pub(super) fn complete(&self) -> Result<(), CommandError> {
        let theirs = self.stages.values().all(|stage| is_of(self.id, &stage.aggregate));
        theirs.then_some(()).ok_or_else(not_an_archive)
    }

    pub(super) fn account(&self) -> AccountId {
        self.id
    }

    pub(super) fn account_as_it_was(&self) -> &Loaded<Account> {
        &self.account
    }

    fn open_stages(&self) -> impl Iterator<Item = (StageId, &Stage)> {
        self.stages_with_versions().map(|(id, stage)| (id, &stage.aggregate))
    }

    pub(super) fn stages_with_versions(&self) -> impl Iterator<Item = (StageId, &Loaded<Stage>)> {
        let stages = self.stages.iter().map(|(id, stage)| (StageId(*id), stage));
        stages.filter(|(_, stage)| stage.aggregate.is_open())
    }

    fn linked_sources(&self) -> impl Iterator<Item = (SourceId, StageId, &Source)> {
        self.sources.iter().filter_map(|(id, source)| {
            let source = &source.aggregate;
            let stage = source.stage_id.filter(|_| source.is_linked())?;
            let open = self.stages.get(&stage.0)?.aggregate.is_open();
            open.then_some((SourceId(*id), stage, source))
        })
    }

    /// The files of each open stage.
    pub(super) fn media_of_stages(&self) -> impl Iterator<Item = (StageId, &[MediaId])> {
        self.open_stages().map(|(id, stage)| (id, stage.media.as_slice()))
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

    /// The rows that the commands behind these events would have written. `absent` are members who have no account here.
    pub(super) fn rows(&self, absent: &BTreeSet<AccountId>, at: Time) -> Vec<Arc<dyn Also>> {
        let mut rows: Vec<Arc<dyn Also>> = Vec::new();
        for (stage, loaded) in self.open_stages() {
            rows.push(Arc::new(Owned { stage, owner: self.id }));
            for (member, role) in loaded.team.members.iter().filter(|(member, _)| !absent.contains(*member)) {
                rows.push(Arc::new(Joined { stage, member: *member, role: *role }));
            }
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
        if self.account.aggregate.restriction == Restriction::Ending {
            rows.push(Arc::new(EndAfter(self.id)));
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
