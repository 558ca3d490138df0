use serde_json::Value;
use stage_store::{
    Moment, Position,
    log::replay::{read_stream, version_at},
    seal::mark_closed,
};
use uuid::Uuid;

use super::{Audit, AuditedEvent, Sight, fold};
use crate::{CommandError, Missing, Time};

/// Events that are folded at once; a post's event may have hundreds of kilobytes.
const CHUNK: usize = 100;

/// Which stream, when, and which of its events are shown.
#[derive(Clone, Debug)]
pub struct StreamQuestion {
    pub stream_type: String,
    pub id: Uuid,
    pub at: Moment,
    /// Events after this version of the stream, at most `limit`.
    pub after: u64,
    pub limit: usize,
}

/// A stream as it was at a moment.
#[derive(Debug)]
pub struct StreamAt {
    /// The sequence of its last event then.
    pub version: u64,
    /// What the aggregate was then, as its next decision would have known it. `None` where this program does
    /// not know the type. A personal value that is not shown is marked `sealed` or `erased`.
    pub state: Option<Value>,
    pub events: Vec<AuditedEvent>,
    /// How far the log is safe to read now: what is asked about up to here has its final answer.
    pub mark: Position,
}

impl Audit {
    /// Replays a stream up to a moment. `known` as for [`Audit::mark`].
    pub async fn stream(
        &self,
        sight: Sight,
        question: &StreamQuestion,
        known: Position,
        now: Time,
    ) -> Result<StreamAt, CommandError> {
        let StreamQuestion { stream_type, id, at, after, limit } = question;
        let mark = self.mark(known).await?;
        let version = version_at(&self.pool, stream_type, *id, *at, mark).await?;
        if version == 0 {
            return Err(CommandError::NotFound(Missing::Stream));
        }
        let mut aggregate = fold::of(stream_type);
        let (mut done, mut shown) = (0, Vec::new());
        while done < version {
            let mut chunk = read_stream(&self.pool, stream_type, *id, done, version, CHUNK).await?;
            let Some(last) = chunk.last() else { break };
            done = last.sequence;
            let personal = self.disclose(sight, &mut chunk, now).await?;
            for (event, personal) in chunk.into_iter().zip(personal) {
                if let Some(aggregate) = &mut aggregate {
                    aggregate.on(&event)?;
                }
                if event.sequence > *after && shown.len() < *limit {
                    shown.push(AuditedEvent::new(event, personal));
                }
            }
        }
        let mut state = aggregate.and_then(|aggregate| aggregate.state());
        if let Some(state) = &mut state {
            mark_closed(&self.pool, state).await?;
        }
        Ok(StreamAt { version, state, events: shown, mark })
    }
}
