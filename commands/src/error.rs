//! Why a command was not carried out, as the client is told.

use crate::auditors::Scope;
use stage_domain::{
    Invalid,
    account::AccountError,
    post::PostError,
    source::SourceError,
    stage::{Role, StageError},
};
use stage_store::{ClaimKind, ExecuteError, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No session, or one that ended.
    #[error("log in first")]
    NotLoggedIn,
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// No token of an auditor, or one that was revoked.
    #[error("this is not the token of an auditor")]
    NotAnAuditor,
    #[error("the auditor's token does not have the scope {}", .0.as_str())]
    Scope(Scope),
    /// The password is right; a code of the second factor is asked for too.
    #[error("the second factor's code is missing")]
    SecondFactorMissing,
    #[error("the second factor's code is wrong, or was used before")]
    SecondFactorWrong,
    #[error("too many wrong codes; wait {} minutes", wait.num_minutes())]
    TooManyTries { wait: chrono::TimeDelta },
    /// Also when it is there but belongs to somebody else: its existence is nobody's business.
    #[error("there is no such {0}")]
    NotFound(Missing),
    /// A member of the stage's team, but in no role that may.
    #[error("only a member of the stage with the role {} may do this", needs.as_str())]
    Role { needs: Role },
    /// A value that must be unique is taken; holds the field.
    #[error("{field} is taken")]
    Taken { field: &'static str },
    /// The state of what is addressed forbids it; holds a sentence of the business.
    #[error("{0}")]
    Refused(String),
    #[error("the version is {actual}, not {expected}")]
    Version { expected: u64, actual: u64 },
    /// Others changed the same stream again and again meanwhile.
    #[error("it is being changed by others; try again")]
    Busy,
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    #[error("the file is too large; at most {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    #[error("files of this type are not taken")]
    UnsupportedMedia,
    /// An archive could not be made, or whoever asked for it is gone.
    #[error("the archive could not be made")]
    Archive,
    #[error(transparent)]
    Store(StoreError),
}

/// What is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Account,
    Stage,
    Topic,
    Source,
    Post,
    Media,
    Session,
    Auditor,
    Stream,
    Member,
    Invitation,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Stage => "stage",
            Self::Topic => "topic",
            Self::Source => "source",
            Self::Post => "post",
            Self::Media => "media",
            Self::Session => "session",
            Self::Auditor => "auditor",
            Self::Stream => "stream at that moment",
            Self::Member => "member",
            Self::Invitation => "invitation",
        })
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match error {
            // Asked again, it is refused for what it depends on.
            StoreError::Conflict | StoreError::Unmet => Self::Busy,
            StoreError::Version { expected, actual } => Self::Version { expected, actual },
            StoreError::Claimed(ClaimKind::Email | ClaimKind::Invitation) => Self::Taken { field: "email" },
            StoreError::Claimed(ClaimKind::Handle) => Self::Taken { field: "handle" },
            StoreError::Claimed(ClaimKind::SourceAddress) => Self::Taken { field: "address" },
            // Whoever asks was erased a moment ago.
            StoreError::NoSubjectKey => Self::NotLoggedIn,
            other => Self::Store(other),
        }
    }
}

impl<E: std::error::Error + Into<CommandError>> From<ExecuteError<E>> for CommandError {
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for CommandError {
    fn from(refusal: AccountError) -> Self {
        match refusal {
            AccountError::NotRegistered => Self::NotFound(Missing::Account),
            AccountError::SecondFactorOn
            | AccountError::SecondFactorOff
            | AccountError::NoEnrolment
            | AccountError::AlreadyRegistered
            | AccountError::MailedJustNow
            | AccountError::OtherEmail => Self::Refused(refusal.to_string()),
        }
    }
}

impl From<StageError> for CommandError {
    fn from(refusal: StageError) -> Self {
        match refusal {
            StageError::NotFound => Self::NotFound(Missing::Stage),
            StageError::NoSuchTopic => Self::NotFound(Missing::Topic),
            StageError::TopicNameTaken => Self::Taken { field: "name" },
            StageError::NoSuchMember => Self::NotFound(Missing::Member),
            StageError::NoSuchInvitation => Self::NotFound(Missing::Invitation),
            StageError::AlreadyCreated
            | StageError::TooManyTopics
            | StageError::TooManyMedia
            | StageError::AlreadyMember
            | StageError::LastOwner
            | StageError::TooManyMembers
            | StageError::TooManyInvitations => Self::Refused(refusal.to_string()),
        }
    }
}

impl From<SourceError> for CommandError {
    fn from(refusal: SourceError) -> Self {
        match refusal {
            SourceError::NotFound => Self::NotFound(Missing::Source),
            SourceError::AlreadyLinked => Self::Refused(refusal.to_string()),
        }
    }
}

impl From<PostError> for CommandError {
    fn from(refusal: PostError) -> Self {
        match refusal {
            PostError::NotFound => Self::NotFound(Missing::Post),
        }
    }
}

impl From<sqlx::Error> for CommandError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(StoreError::from(error))
    }
}
