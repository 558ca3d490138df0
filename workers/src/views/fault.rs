//! Places where a test stops a loop for ever, as a kill would. Outside of tests there is nothing here.

/// What a loop has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The publisher has read records from a journal.
    Read,
    /// A message is on its way to JetStream; nobody knows whether it arrived.
    Sent,
    /// JetStream has a message; the publisher has not taken note of it.
    Stored,
    /// The counter has messages; nothing is counted.
    Received,
    /// The counts are committed; the counter has not taken note of it.
    Committed,
    /// The counted messages are taken from the stream.
    Purged,
}

#[derive(Clone, Default)]
pub(super) struct Faults {
    #[cfg(test)]
    pub stops_at: Option<std::sync::Arc<dyn Fn(Step) -> bool + Send + Sync>>,
}

impl Faults {
    #[cfg(not(test))]
    #[allow(clippy::unused_async)]
    pub(super) async fn reached(&self, _step: Step) {}

    #[cfg(test)]
    pub(super) async fn reached(&self, step: Step) {
        if self.stops_at.as_ref().is_some_and(|stops_at| stops_at(step)) {
            std::future::pending::<()>().await;
        }
    }
}
