//! From the causes of the rooms below to problems. Exhaustive on purpose: a new cause must be decided here.

use stage_commands::CommandError;
use stage_domain::FieldError;
use stage_projections::ProjectionError;
use stage_store::StoreError;

use super::{Detail, Kind, Problem};

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Invalid(invalid) => invalid.into(),
            CommandError::NotLoggedIn => Self::new(Kind::NotLoggedIn),
            CommandError::WrongCredentials => Self::new(Kind::WrongCredentials),
            CommandError::NotAnAuditor => Self::new(Kind::NotAnAuditor),
            CommandError::Scope(_) => Self::new(Kind::Scope),
            CommandError::SecondFactorMissing => Self::new(Kind::SecondFactorMissing),
            CommandError::SecondFactorWrong => Self::new(Kind::SecondFactorWrong),
            CommandError::TooManyTries { wait } => {
                Self { retry_after: u64::try_from(wait.num_seconds()).ok(), ..Self::new(Kind::RateLimited) }
            }
            CommandError::Role { .. } => Self::new(Kind::Role),
            CommandError::NotFound(what) => Self::missing(what),
            CommandError::Taken { field } => Self::field(Kind::Taken, field, "taken", "is taken"),
            CommandError::Refused(sentence) => {
                Self { detail: Detail::Sentence(sentence), ..Self::new(Kind::Refused) }
            }
            CommandError::Version { actual, .. } => {
                Self { version: Some(actual), ..Self::new(Kind::Version) }
            }
            CommandError::Busy => Self::new(Kind::Busy),
            CommandError::IdempotencyKeyReused => Self::field(
                Kind::KeyReused,
                "Idempotency-Key",
                "reused",
                "was used for another request; choose a new one",
            ),
            CommandError::TooLarge { max_bytes } => Self {
                errors: vec![FieldError::new(
                    "",
                    "too_large",
                    format!("must have at most {max_bytes} bytes"),
                )],
                ..Self::new(Kind::TooLarge)
            },
            CommandError::UnsupportedMedia => Self::new(Kind::UnsupportedMediaType),
            CommandError::Archive => Self::new(Kind::Internal),
            CommandError::Store(error) => error.into(),
        }
    }
}

impl From<ProjectionError> for Problem {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::Store(error) => error.into(),
            ProjectionError::Unavailable(_) => {
                tracing::warn!("a read model is not available");
                Self::new(Kind::Unavailable)
            }
            ProjectionError::Poison { projection, position, .. } => {
                tracing::error!(projection, position, "a projection stands still");
                Self::new(Kind::Unavailable)
            }
            ProjectionError::Behind { .. } => Self::new(Kind::Behind),
            ProjectionError::Cursor => Self::unknown_cursor("cursor"),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::new(Kind::Busy),
            StoreError::Version { actual, .. } => Self { version: Some(actual), ..Self::new(Kind::Version) },
            StoreError::Claimed(kind) => Self::field(Kind::Taken, kind.as_str(), "taken", "is taken"),
            StoreError::Duplicate(_) | StoreError::Unmet => Self::new(Kind::Busy),
            // The sources are left out: a driver's message can quote a value.
            StoreError::Unavailable(_) | StoreError::Objects(_) => {
                tracing::warn!("the store is not available");
                Self::new(Kind::Unavailable)
            }
            StoreError::Database(_)
            | StoreError::Migration(_)
            | StoreError::Unreadable { .. }
            | StoreError::Unwritable { .. }
            | StoreError::NoSubjectKey
            | StoreError::WrongMasterKey
            | StoreError::MasterKeys(_)
            | StoreError::Seal => {
                tracing::error!(error = %error, "a request failed");
                Self::new(Kind::Internal)
            }
        }
    }
}
