//! What a batch makes of posts.

use chrono::{DateTime, Utc};
use stage_domain::{
    TopicId,
    post::{PostContent, PostEvent},
    source::Network,
};
use uuid::Uuid;

use crate::rows::Place;

/// A post that is new in the batch, as the batch leaves it.
pub(super) struct NewPost {
    pub(super) id: Uuid,
    pub(super) stage_id: Uuid,
    pub(super) source_id: Uuid,
    pub(super) network: Network,
    pub(super) content: Box<PostContent>,
    pub(super) sorted_at: DateTime<Utc>,
    pub(super) imported_at: DateTime<Utc>,
    pub(super) change: Change,
}

impl NewPost {
    /// What it says at the end of the batch.
    pub(super) fn content(&self) -> &PostContent {
        self.change.revision.as_ref().map_or(&self.content, |revision| &revision.content)
    }

    pub(super) fn own_topics(&self) -> Option<&Vec<TopicId>> {
        self.change.own_topics.as_ref().and_then(Option::as_ref)
    }
}

/// What becomes of a post after its import. `None` leaves a value as it is.
#[derive(Default)]
pub(super) struct Change {
    pub(super) revision: Option<Revision>,
    pub(super) hidden: Option<bool>,
    pub(super) pinned: Option<bool>,
    /// A person's own assignment, or its end.
    pub(super) own_topics: Option<Option<Vec<TopicId>>>,
    pub(super) version: i64,
    /// Of its last event.
    pub(super) position: i64,
}

pub(super) struct Revision {
    pub(super) content: Box<PostContent>,
    pub(super) at: DateTime<Utc>,
}

impl Change {
    pub(super) fn on(&mut self, event: PostEvent, place: Place) {
        self.version = place.version;
        self.position = place.position;
        match event {
            // The first event of a post is taken elsewhere, and comes only once.
            PostEvent::PostImported { .. } => {}
            PostEvent::PostRevised { content, at, .. } => self.revision = Some(Revision { content, at }),
            PostEvent::PostHidden { .. } => self.hidden = Some(true),
            PostEvent::PostShown { .. } => self.hidden = Some(false),
            PostEvent::PostPinned { .. } => self.pinned = Some(true),
            PostEvent::PostUnpinned { .. } => self.pinned = Some(false),
            PostEvent::PostAssigned { topics, .. } => self.own_topics = Some(topics),
            // Taken elsewhere: the post goes.
            PostEvent::PostRedacted { .. } => {}
        }
    }

    /// Whether the post may belong to other topics now.
    pub(super) fn may_move(&self) -> bool {
        self.revision.is_some() || self.own_topics.is_some()
    }
}

/// The time of publication, but not later than the import, so that a date in the future can't hold the top of
/// the feed; nor before the year 1, where PostgreSQL and feeds no longer agree on calendars.
pub(super) fn sorted_at(content: &PostContent, imported_at: DateTime<Utc>) -> DateTime<Utc> {
    content.published_at.unwrap_or(imported_at).clamp(super::cursor::FIRST.min(imported_at), imported_at)
}
