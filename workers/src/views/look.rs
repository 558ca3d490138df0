//! What an operator wants to know of the stream, without making or changing it.

use std::time::Duration;

use async_nats::{
    Client,
    jetstream::{
        self, ErrorCode,
        consumer::pull,
        context::{GetStreamError, GetStreamErrorKind},
    },
};
use chrono::{DateTime, Utc};

use super::{Settings, ViewsError};

/// The stream as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub messages: u64,
    pub bytes: u64,
    /// The most that it keeps; `None` for as much as there is disk.
    pub most_bytes: Option<u64>,
    /// Who reads it. A counter that was killed is still among them for half a minute.
    pub readers: usize,
    /// What time it is there.
    pub clock: DateTime<Utc>,
}

/// Looks at the stream of these settings; `None` where there is none. For a moment there is one reader more.
pub async fn look(nats: Client, settings: &Settings) -> Result<Option<Look>, ViewsError> {
    let mut context = jetstream::new(nats);
    context.set_timeout(settings.timeout);
    let stream = match context.get_stream(&settings.stream).await {
        Ok(stream) => stream,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(ViewsError::stream(error)),
    };
    let info = stream.cached_info();
    let (state, most) = (&info.state, info.config.max_bytes);
    // Servers say what time it is where they make something, and a reader is the least that can be made.
    let config = pull::Config {
        memory_storage: true,
        num_replicas: 1,
        inactive_threshold: Duration::from_secs(1),
        ..pull::Config::default()
    };
    let reader = stream.create_consumer(config).await.map_err(ViewsError::stream)?;
    let made = reader.cached_info().created.unix_timestamp_nanos();
    stream.delete_consumer(&reader.cached_info().name).await.map_err(ViewsError::stream)?;
    Ok(Some(Look {
        messages: state.messages,
        bytes: state.bytes,
        most_bytes: u64::try_from(most).ok().filter(|most| *most > 0),
        readers: state.consumer_count,
        clock: DateTime::from_timestamp_nanos(i64::try_from(made).unwrap_or_default()),
    }))
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}
