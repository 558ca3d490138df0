use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream,
};
use bytes::Bytes;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::{Settings, ViewStream, ViewsError};

/// How many messages are on their way to us at a time: enough that the next ones are here when the last are counted, and of the
/// longest ones fewer bytes than NATS keeps for a client that is slow (64 MiB).
const AHEAD: usize = 256;

/// Reads the stream from its beginning. A message that it misses does no harm: its journal's next message doesn't
/// follow what is counted, and the publisher sends both again.
pub(super) struct Reader {
    stream: stream::Stream,
    messages: pull::Stream,
    /// Whether the stream held messages when it was last asked and none had come.
    overdue: bool,
}

/// A message and where it stands in the stream.
pub(super) struct Received {
    pub sequence: u64,
    pub payload: Bytes,
}

impl Reader {
    pub(super) async fn open(stream: &ViewStream, settings: &Settings) -> Result<Self, ViewsError> {
        let (stream, _) = stream.open().await?;
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All,
            // What is counted is purged; there is nothing else to acknowledge.
            ack_policy: AckPolicy::None,
            memory_storage: true,
            num_replicas: 1,
            inactive_threshold: Duration::from_secs(30),
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(config).await.map_err(ViewsError::stream)?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(AHEAD)
            .expires(settings.heartbeat * 10)
            .heartbeat(settings.heartbeat * 2)
            .messages()
            .await
            .map_err(ViewsError::stream)?;
        Ok(Self { stream, messages, overdue: false })
    }

    /// The next message; `None` when none came in time. One that is here already is taken even when the time is over.
    pub(super) async fn next(&mut self, until: Instant) -> Result<Option<Received>, ViewsError> {
        let Ok(next) = timeout_at(until, self.messages.next()).await else { return Ok(None) };
        let message = next.ok_or(ViewsError::ReadAgain)?.map_err(ViewsError::stream)?;
        self.overdue = false;
        let sequence = message.info().map_err(ViewsError::stream)?.stream_sequence;
        Ok(Some(Received { sequence, payload: message.message.payload }))
    }

    /// Asks the stream whether it really holds nothing, and is still there. What it holds may be on its way to us, and is
    /// waited for until we ask again.
    pub(super) async fn check(&mut self, stream: &ViewStream) -> Result<(), ViewsError> {
        let (now, holding) = stream.open().await?;
        let same = now.cached_info().created == self.stream.cached_info().created;
        let late = std::mem::replace(&mut self.overdue, holding.messages > 0);
        if same && !(late && self.overdue) { Ok(()) } else { Err(ViewsError::ReadAgain) }
    }

    /// Takes the messages up to and including `last` from the stream.
    pub(super) async fn purge(&self, last: u64) -> Result<(), ViewsError> {
        self.stream.purge().sequence(last + 1).await.map_err(ViewsError::stream)?;
        Ok(())
    }
}
