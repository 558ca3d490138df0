use stage_projections::views::CountError;

/// Why a loop of this room has to try again.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    /// NATS is gone, or JetStream does not answer or refuses.
    #[error("JetStream is not available: {0}")]
    Stream(String),
    #[error("the database is not available")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Count(#[from] CountError),
    #[error("a journal cannot be read or written")]
    Journal(#[from] std::io::Error),
    /// The stream holds messages that did not come, or it is another one than before: read it from its beginning.
    #[error("the stream must be read again from its beginning")]
    ReadAgain,
    #[error("{0} took too long")]
    TimedOut(&'static str),
}

impl ViewsError {
    /// The client's errors are many types; they differ for a person who reads them, not for what we do.
    pub(super) fn stream(error: impl std::fmt::Display) -> Self {
        Self::Stream(error.to_string())
    }
}
