use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Role;
use crate::{AccountId, InvitationId, Language, MediaId, TopicId, topics::Topic};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageEvent {
    StageCreated {
        owner: AccountId,
        name: String,
        handle: String,
        at: DateTime<Utc>,
    },
    StageRenamed {
        name: String,
        at: DateTime<Utc>,
    },
    StageHandleChanged {
        handle: String,
        at: DateTime<Utc>,
    },
    TopicDefined {
        topic: Topic,
        at: DateTime<Utc>,
    },
    TopicChanged {
        topic: Topic,
        at: DateTime<Utc>,
    },
    TopicRemoved {
        topic_id: TopicId,
        at: DateTime<Utc>,
    },
    /// `sha256` is the digest of the file's bytes in lower-case hex; the file lies in the object store.
    MediaAdded {
        media_id: MediaId,
        content_type: String,
        bytes: u64,
        sha256: String,
        at: DateTime<Utc>,
    },
    /// To whom the invitation goes is not said: the address is a row that can be deleted. `language` is that of the
    /// mail.
    MemberInvited {
        invitation_id: InvitationId,
        role: Role,
        language: Language,
        expires_at: DateTime<Utc>,
        at: DateTime<Utc>,
    },
    InvitationAccepted {
        invitation_id: InvitationId,
        member: AccountId,
        role: Role,
        at: DateTime<Utc>,
    },
    InvitationWithdrawn {
        invitation_id: InvitationId,
        at: DateTime<Utc>,
    },
    MemberRoleChanged {
        member: AccountId,
        role: Role,
        at: DateTime<Utc>,
    },
    MemberRemoved {
        member: AccountId,
        at: DateTime<Utc>,
    },
    /// The member's own wish, or the end of their account.
    MemberLeft {
        member: AccountId,
        at: DateTime<Utc>,
    },
    StageClosed {
        at: DateTime<Utc>,
    },
}

crate::event_types!(StageEvent {
    StageCreated = "1",
    StageRenamed = "1",
    StageHandleChanged = "1",
    TopicDefined = "1",
    TopicChanged = "1",
    TopicRemoved = "1",
    MediaAdded = "1",
    MemberInvited = "1",
    InvitationAccepted = "1",
    InvitationWithdrawn = "1",
    MemberRoleChanged = "1",
    MemberRemoved = "1",
    MemberLeft = "1",
    StageClosed = "1",
});
