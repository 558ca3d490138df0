//! The rows of this read model, and what each event makes of them.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::types::Json;
use stage_domain::{
    source::{Failure, SourceEvent},
    stage::StageEvent,
};
use uuid::Uuid;

use crate::rows::{Place, Row};

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct StageRow {
    pub(super) id: Uuid,
    pub(super) position: i64,
    pub(super) owner: Uuid,
    pub(super) name: String,
    pub(super) handle: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, sqlx::FromRow)]
pub(super) struct SourceRow {
    pub(super) id: Uuid,
    pub(super) position: i64,
    pub(super) stage_id: Uuid,
    pub(super) network: String,
    pub(super) address: String,
    pub(super) title: Option<String>,
    pub(super) interval_minutes: i32,
    pub(super) paused: bool,
    pub(super) linked_at: DateTime<Utc>,
    pub(super) last_import_at: Option<DateTime<Utc>>,
    pub(super) imported: i64,
    pub(super) failure: Option<Json<Failure>>,
    pub(super) failing_since: Option<DateTime<Utc>>,
    pub(super) version: i64,
}

impl Row for StageRow {
    const TABLE: &'static str = "stages";

    fn id(&self) -> Uuid {
        self.id
    }
}

impl Row for SourceRow {
    const TABLE: &'static str = "sources";

    fn id(&self) -> Uuid {
        self.id
    }
}

impl StageRow {
    /// A stage's row as its event leaves it; `None` once it is closed.
    pub(super) fn after(row: Option<Self>, event: &StageEvent, place: Place) -> Option<Self> {
        let Place { id, position, version } = place;
        if let StageEvent::StageCreated { owner, name, handle, at } = event {
            let (name, handle) = (name.clone(), handle.clone());
            return Some(Self { id, position, owner: owner.0, name, handle, created_at: *at, version });
        }
        let row = Self { version, ..row? };
        match event {
            StageEvent::StageRenamed { name, .. } => Some(Self { name: name.clone(), ..row }),
            StageEvent::StageHandleChanged { handle, .. } => Some(Self { handle: handle.clone(), ..row }),
            StageEvent::StageClosed { .. } => None,
            StageEvent::StageCreated { .. }
            | StageEvent::TopicDefined { .. }
            | StageEvent::TopicChanged { .. }
            | StageEvent::TopicRemoved { .. }
            | StageEvent::MediaAdded { .. }
            | StageEvent::MemberInvited { .. }
            | StageEvent::InvitationAccepted { .. }
            | StageEvent::InvitationWithdrawn { .. }
            | StageEvent::MemberRoleChanged { .. }
            | StageEvent::MemberRemoved { .. }
            | StageEvent::MemberLeft { .. } => Some(row),
        }
    }
}

impl SourceRow {
    /// A source's row as its event leaves it; `None` once it is unlinked.
    pub(super) fn after(row: Option<Self>, event: &SourceEvent, place: Place) -> Option<Self> {
        let Place { id, position, version } = place;
        if let SourceEvent::SourceLinked { stage_id, network, address, interval_minutes, at } = event {
            return Some(Self {
                id,
                position,
                stage_id: stage_id.0,
                network: network.as_str().to_owned(),
                address: address.clone(),
                title: None,
                interval_minutes: interval_minutes.cast_signed(),
                paused: false,
                linked_at: *at,
                last_import_at: None,
                imported: 0,
                failure: None,
                failing_since: None,
                version,
            });
        }
        let row = Self { version, ..row? };
        match event {
            SourceEvent::SourceLinked { .. } => Some(row),
            SourceEvent::SourceChanged { interval_minutes, paused, .. } => {
                Some(Self { interval_minutes: interval_minutes.cast_signed(), paused: *paused, ..row })
            }
            SourceEvent::SourceImported { title, imported, at, .. } => Some(Self {
                title: title.clone(),
                last_import_at: Some(*at),
                imported: row.imported + i64::from(*imported),
                failure: None,
                failing_since: None,
                ..row
            }),
            SourceEvent::SourceFailed { failure, at } => {
                Some(Self { failure: Some(Json(failure.clone())), failing_since: Some(*at), ..row })
            }
            SourceEvent::SourceUnlinked { .. } => None,
        }
    }
}
