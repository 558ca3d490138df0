//! What the entries of the archive look like.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use stage_domain::{
    AccountId, Language, MediaId, PostId, SourceId, StageId, TopicId,
    account::{Account, Purpose},
    post::PostContent,
    topics::Topic,
};
use stage_store::{Deed, Recorded};
use uuid::Uuid;

use crate::{
    Time,
    accounts::{
        SecondFactor, Session,
        texts::{self, Text},
    },
};

/// The form of the archive. A reader refuses another.
pub(crate) const FORMAT: &str = "stage-account-export";
pub(crate) const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) account_id: AccountId,
    pub(crate) exported_at: Time,
}

/// What is known about the person. What was never given is null.
#[derive(Serialize)]
pub(super) struct AccountShape {
    id: AccountId,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    language: Option<Language>,
    restricted: bool,
    objections: Vec<Purpose>,
}

impl AccountShape {
    pub(super) fn of(id: AccountId, account: &Account) -> Self {
        let person = account.person.as_ref();
        Self {
            id,
            first_name: person.and_then(|person| person.first_name.known().cloned()),
            last_name: person.and_then(|person| person.last_name.known().cloned()),
            email: person.and_then(|person| person.email.known().cloned()),
            phone: person.and_then(|person| person.phone.as_ref()?.known().cloned()),
            language: person.map(|person| person.language),
            restricted: account.is_restricted(),
            objections: account.objections.iter().copied().collect(),
        }
    }
}

/// A purpose, the ground that it stands on, and whom the data goes to for it. `docs/privacy.md` says the same.
#[derive(Serialize)]
pub(super) struct PurposeShape {
    purpose: &'static str,
    ground: Text,
    data: &'static [&'static str],
    recipients: Text,
    may_object: bool,
    objected: bool,
}

impl PurposeShape {
    pub(super) fn all(account: &Account) -> Vec<Self> {
        vec![
            Self {
                purpose: "account",
                ground: texts::CONTRACT,
                data: &[
                    "first_name",
                    "last_name",
                    "email",
                    "phone",
                    "language",
                    "password",
                    "sessions",
                    "second_factor",
                    "memberships",
                ],
                recipients: texts::WHO_SEES_AN_ACCOUNT,
                may_object: false,
                objected: false,
            },
            Self {
                purpose: Purpose::Recipients.as_str(),
                ground: texts::INTEREST,
                data: &["first_name", "last_name", "email", "phone"],
                recipients: texts::WHO_IS_TOLD,
                may_object: true,
                objected: account.objections.contains(&Purpose::Recipients),
            },
        ]
    }
}

/// A recipient who was told something about the person and not yet to forget it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disclosure {
    pub recipient: String,
    pub first_at: Time,
    pub last_at: Time,
}

#[derive(Serialize)]
pub(super) struct SessionShape {
    id: Uuid,
    begun_at: Time,
    last_seen_at: Time,
    expires_at: Time,
}

impl From<Session> for SessionShape {
    fn from(session: Session) -> Self {
        let Session { id, begun_at, last_seen_at, expires_at } = session;
        Self { id: id.0, begun_at, last_seen_at, expires_at }
    }
}

/// The secret is not given: whoever got hold of the archive could make codes of it.
#[derive(Serialize)]
pub(super) struct SecondFactorShape {
    on: bool,
    since: Option<Time>,
    recovery_codes_left: u32,
}

impl From<SecondFactor> for SecondFactorShape {
    fn from(factor: SecondFactor) -> Self {
        let SecondFactor { enabled_at: since, recovery_codes_left } = factor;
        Self { on: since.is_some(), since, recovery_codes_left }
    }
}

#[derive(Serialize)]
pub(super) struct StageShape<'a> {
    pub(super) id: StageId,
    pub(super) name: &'a str,
    pub(super) handle: &'a str,
    pub(super) topics: &'a [Topic],
    pub(super) media: &'a [MediaId],
}

#[derive(Serialize)]
pub(super) struct PostShape<'a> {
    pub(super) id: PostId,
    pub(super) source_id: SourceId,
    pub(super) content: &'a PostContent,
    pub(super) hidden: bool,
    pub(super) pinned: bool,
    /// The topics that a person chose by hand; null where the rules decide.
    pub(super) topics: Option<&'a [TopicId]>,
}

/// Something that the person did in what belongs to others. What the event says is theirs.
#[derive(Serialize)]
pub(super) struct ActShape {
    at: Time,
    stream_type: String,
    stream_id: String,
    event_type: String,
}

impl From<Deed> for ActShape {
    fn from(deed: Deed) -> Self {
        let Deed { recorded_at: at, stream_type, stream_id, event_type } = deed;
        Self { at, stream_type, stream_id, event_type }
    }
}

/// An event as the log has it, its personal values open.
#[derive(Serialize, Deserialize)]
pub(crate) struct EventLine {
    pub(crate) position: i64,
    pub(crate) recorded_at: Time,
    pub(crate) stream_type: String,
    pub(crate) stream_id: Uuid,
    pub(crate) sequence: u64,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: Value,
    pub(crate) metadata: Box<RawValue>,
}

impl EventLine {
    pub(super) fn of(event: Recorded) -> Result<Self, serde_json::Error> {
        Ok(Self {
            position: event.position,
            recorded_at: event.recorded_at,
            stream_type: event.stream_type,
            stream_id: event.stream_id,
            sequence: event.sequence,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: serde_json::from_str(event.payload.get())?,
            metadata: event.metadata,
        })
    }
}
