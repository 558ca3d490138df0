use std::time::Duration;

use stage_domain::source::{Failure, FailureKind};

/// Why a poll brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", failure.detail)]
pub struct FetchError {
    pub failure: Failure,
    /// How long the server asks us to stay away, where it says so; a week at most.
    pub retry_after: Option<Duration>,
}

impl FetchError {
    /// `detail` is one sentence for the person who linked the source. It never holds a credential or the query
    /// of an address, where people keep secrets.
    pub(crate) fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { failure: Failure { kind, detail: detail.into() }, retry_after: None }
    }
}

/// The connectors can't be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client can't be set up: {0}")]
pub struct SetupError(#[from] reqwest::Error);
