use std::time::Duration;

use super::Steps;

/// How views are carried and counted. The defaults are for production; a test chooses its own names.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The JetStream stream. It is made where it is missing.
    pub stream: String,
    /// The subject that messages are published to. Nobody else may publish to it.
    pub subject: String,
    /// How many servers of the NATS cluster keep the stream: 1 to 5, odd.
    pub replicas: usize,
    /// The most that the stream keeps, in bytes. When it is full, views wait in their journals.
    pub stream_bytes: i64,
    /// A journal's file is closed and the next begun at this size, in bytes.
    pub journal_bytes: u64,
    /// How long the publisher waits for more views before it sends what there is.
    pub gather: Duration,
    /// How often journals are written through to the disk. A loss of power loses at most what was viewed since.
    pub sync_every: Duration,
    /// How often the publisher compares what it sent with what is counted, and looks for left journals.
    pub settle_every: Duration,
    /// The most records in a message. One takes 17 bytes, and NATS refuses more than 1 MiB unless told otherwise.
    pub message_records: usize,
    /// The counter commits after so many messages, or when it has waited for more this long, or received for the most that it
    /// may.
    pub batch_messages: usize,
    pub batch_wait: Duration,
    pub batch_most: Duration,
    /// How often the counter tries to become the leader, and as the leader makes sure that it still is.
    pub heartbeat: Duration,
    /// How long to wait for one answer of NATS or PostgreSQL.
    pub timeout: Duration,
    /// How long a finished journal's row is kept, to tell late repetitions apart.
    pub keep_finished: Duration,
    /// Hears of each step of a view.
    pub steps: Steps,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stream: "STAGE_VIEWS".to_owned(),
            subject: "stage.views".to_owned(),
            replicas: 1,
            stream_bytes: 1 << 30,
            journal_bytes: 16 << 20,
            gather: Duration::from_millis(20),
            sync_every: Duration::from_secs(1),
            settle_every: Duration::from_secs(2),
            message_records: 7_500,
            batch_messages: 50_000,
            batch_wait: Duration::from_millis(50),
            batch_most: Duration::from_millis(500),
            heartbeat: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
            keep_finished: Duration::from_secs(7 * 24 * 60 * 60),
            steps: Steps::default(),
        }
    }
}
