//! Ids: UUIDv7 for what people create, UUIDv5 for posts, so that a post imported twice meets itself.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(/** A person's account: the subject of its own personal data. */ AccountId);
id!(/** A stage: an organisation's public page. */ StageId);
id!(/** A linked source: one account or feed on one network, linked to one stage. */ SourceId);
id!(/** A post, see [`PostId::of`]. */ PostId);
id!(/** A topic of a stage. */ TopicId);
id!(/** An uploaded file. */ MediaId);
id!(/** An invitation to a stage; also the subject of the address that is invited. */ InvitationId);
id!(/** A session of the dashboard; not the token that proves it. */ SessionId);
id!(/** An auditor: who reads the log from outside, with a token of their own. */ AuditorId);

impl PostId {
    /// The id of a post is a UUIDv5 of its source and the network's own id for it.
    #[must_use]
    pub fn of(source: SourceId, network_id: &str) -> Self {
        Self(Uuid::new_v5(&source.0, network_id.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_post_of_the_same_source_has_one_id() {
        let source = SourceId(Uuid::from_u128(7));
        assert_eq!(PostId::of(source, "a"), PostId::of(source, "a"));
        assert_ne!(PostId::of(source, "a"), PostId::of(source, "b"));
        assert_ne!(PostId::of(source, "a"), PostId::of(SourceId(Uuid::from_u128(8)), "a"));
    }
}
