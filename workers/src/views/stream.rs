//! The JetStream stream that carries views: made where it is missing, and what is asked about it.

use async_nats::{
    Client, connection,
    jetstream::{self, Context, stream},
};

use super::{Settings, ViewsError};

#[derive(Clone)]
pub(super) struct ViewStream {
    client: Client,
    context: Context,
    config: stream::Config,
}

/// What the stream holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    /// When the stream was made: another time is another stream, with sequences of its own.
    pub made: String,
    /// The sequence of the first message; one more than `last` when there is none.
    pub first: u64,
    /// The last sequence that was given out.
    pub last: u64,
    pub messages: u64,
}

impl ViewStream {
    pub(super) fn new(client: Client, settings: &Settings) -> Self {
        let mut context = jetstream::new(client.clone());
        context.set_timeout(settings.timeout);
        let config = stream::Config {
            name: settings.stream.clone(),
            subjects: vec![settings.subject.clone()],
            description: Some("Views on their way from journals to the counter".to_owned()),
            storage: stream::StorageType::File,
            retention: stream::RetentionPolicy::Limits,
            // A full stream refuses what is new, which then waits in the journals.
            discard: stream::DiscardPolicy::New,
            max_bytes: settings.stream_bytes,
            num_replicas: settings.replicas,
            ..stream::Config::default()
        };
        Self { client, context, config }
    }

    /// The stream as it is now. One that is missing, because nobody made it yet or somebody deleted it, is made.
    pub(super) async fn open(&self) -> Result<(stream::Stream, Holding), ViewsError> {
        self.is_connected()?;
        let stream =
            self.context.get_or_create_stream(self.config.clone()).await.map_err(ViewsError::stream)?;
        let info = stream.cached_info();
        let holding = Holding {
            made: info.created.to_string(),
            first: info.state.first_sequence,
            last: info.state.last_sequence,
            messages: info.state.messages,
        };
        Ok((stream, holding))
    }

    /// Hands over a message; the future that it answers says when JetStream has stored it.
    pub(super) async fn send(
        &self,
        payload: Vec<u8>,
    ) -> Result<jetstream::context::PublishAckFuture, ViewsError> {
        self.is_connected()?;
        let [subject] = self.config.subjects.as_slice() else {
            return Err(ViewsError::stream("the stream has no subject"));
        };
        self.context.publish(subject.clone(), payload.into()).await.map_err(ViewsError::stream)
    }

    /// Without a connection the client would keep what it is asked to send, and send it all later.
    fn is_connected(&self) -> Result<(), ViewsError> {
        match self.client.connection_state() {
            connection::State::Connected => Ok(()),
            _ => Err(ViewsError::stream("not connected")),
        }
    }
}
