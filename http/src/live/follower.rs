use std::{collections::VecDeque, convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use stage_projections::feed::Known;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::sleep,
};

use super::{
    Place,
    channel::{Begun, Piece},
    event,
};

/// How long a stream says nothing.
const QUIET: Duration = Duration::from_secs(25);
/// Changes that are read at once by one who catches up.
const AT_ONCE: u32 = 100;

/// One who follows a stage.
pub(crate) struct Follower {
    place: Place,
    pieces: broadcast::Receiver<Piece>,
    /// Up to where it has heard.
    at: Known,
    /// Whether it must read for itself first.
    behind: bool,
    ended: bool,
    pending: VecDeque<Bytes>,
}

impl Follower {
    pub(super) fn new(place: Place, begun: &Begun, last: Option<Known>) -> Self {
        let (end, pieces) = begun.subscribe();
        let at = last.unwrap_or(end);
        let pending = VecDeque::from([event::begin(at)]);
        Self { place, pieces, at, behind: last.is_some(), ended: false, pending }
    }

    /// The body of the answer.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, |mut follower| async move {
            let bytes = follower.next().await?;
            Some((Ok(bytes), follower))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.pending.pop_front() {
                if self.pending.is_empty() {
                    self.pending.shrink_to_fit();
                }
                return Some(bytes);
            }
            if self.ended {
                return None;
            }
            if self.behind {
                // Where the read model is away the stream ends, and the reader comes back.
                self.catch_up().await?;
                continue;
            }
            tokio::select! {
                piece = self.pieces.recv() => match piece {
                    Ok(piece) => self.take(&piece),
                    Err(RecvError::Lagged(_)) => self.behind = true,
                    Err(RecvError::Closed) => return None,
                },
                () = sleep(QUIET) => return Some(event::QUIET),
                () = self.place.live.closing.cancelled() => return None,
            }
        }
    }

    fn take(&mut self, piece: &Piece) {
        if self.at.is_before(piece.after) && !piece.last {
            self.behind = true;
            return;
        }
        // It may have read some of it by itself.
        self.pending.extend(piece.events.iter().filter_map(|told| told.news_for(self.at)));
        self.at = self.at.and(piece.up_to);
        self.ended = piece.last;
    }

    async fn catch_up(&mut self) -> Option<()> {
        let (live, stage) = (&self.place.live, self.place.stage);
        let page = live.reads.changes_following(stage, self.at, AT_ONCE).await.ok()?;
        let events = page.changes.into_iter().map(|change| event::change(change, &live.settings));
        self.pending.extend(events);
        if !page.more
            && !page.cursor.same_topics(self.at)
            && let Some(stage) = live.reads.stage(stage).await.ok()?
        {
            self.pending.push_back(event::topics(page.cursor, stage));
        }
        self.behind = page.more;
        self.at = if page.more { page.cursor.with_topics_of(self.at) } else { page.cursor };
        Some(())
    }
}
