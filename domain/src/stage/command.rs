use chrono::{DateTime, Utc};

use super::Role;
use crate::{AccountId, InvitationId, Language, MediaId, TopicId, topics::Topic};

#[derive(Clone, Debug)]
pub enum StageCommand {
    /// `handle` is checked by [`super::handle`] and claimed in the same transaction.
    Create {
        owner: AccountId,
        name: String,
        handle: String,
        at: DateTime<Utc>,
    },
    /// `None` leaves a value as it is.
    Change {
        name: Option<String>,
        handle: Option<String>,
        at: DateTime<Utc>,
    },
    DefineTopic {
        topic: Topic,
        at: DateTime<Utc>,
    },
    /// Replaces the topic's name and rules.
    ChangeTopic {
        topic: Topic,
        at: DateTime<Utc>,
    },
    RemoveTopic {
        topic_id: TopicId,
        at: DateTime<Utc>,
    },
    AddMedia {
        media_id: MediaId,
        content_type: String,
        bytes: u64,
        sha256: String,
        at: DateTime<Utc>,
    },
    /// Whom, the caller keeps: no event names an address.
    Invite {
        invitation_id: InvitationId,
        role: Role,
        language: Language,
        expires_at: DateTime<Utc>,
        at: DateTime<Utc>,
    },
    AcceptInvitation {
        invitation_id: InvitationId,
        member: AccountId,
        at: DateTime<Utc>,
    },
    WithdrawInvitation {
        invitation_id: InvitationId,
        at: DateTime<Utc>,
    },
    ChangeRole {
        member: AccountId,
        role: Role,
        at: DateTime<Utc>,
    },
    RemoveMember {
        member: AccountId,
        at: DateTime<Utc>,
    },
    Leave {
        member: AccountId,
        at: DateTime<Utc>,
    },
    Close {
        at: DateTime<Utc>,
    },
}
