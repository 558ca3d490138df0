use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stage_domain::{PostId, SourceId, StageId, TopicId, post::PostContent, source::Network, topics::Reason};

use super::changes::Known;
use crate::views::Counts;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostView {
    pub id: PostId,
    pub stage_id: StageId,
    pub source_id: SourceId,
    pub network: Network,
    pub content: PostContent,
    /// What the feed is sorted by: the time of publication as first imported, but never later than the import.
    pub sorted_at: DateTime<Utc>,
    pub imported_at: DateTime<Utc>,
    pub revised_at: Option<DateTime<Utc>>,
    pub hidden: bool,
    pub pinned: bool,
    /// In the stage's order of topics.
    pub topics: Vec<AssignedTopic>,
    /// How often it was viewed.
    pub views: Counts,
    pub version: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedTopic {
    pub id: TopicId,
    pub name: String,
    /// A person put the post here; then there are no reasons.
    pub by_hand: bool,
    pub reasons: Vec<Reason>,
}

/// Which posts of a stage to read.
#[derive(Clone, Debug)]
pub struct FeedQuery {
    pub stage_id: StageId,
    pub topic: Option<TopicId>,
    pub network: Option<Network>,
    /// Hidden posts too, for the dashboard.
    pub hidden: bool,
    /// `Some(true)`: only pinned ones.
    pub pinned: Option<bool>,
    /// Posts whose place in the feed is at or after this moment.
    pub since: Option<DateTime<Utc>>,
    /// Posts whose place in the feed is before this moment.
    pub until: Option<DateTime<Utc>>,
    /// A BCP 47 tag: posts in this language or a variety of it, whatever the case.
    pub language: Option<String>,
    /// Words that must all stand in the title or the text, whatever the case, also as parts of longer words.
    pub text: Option<String>,
    /// 1 to 100.
    pub limit: u32,
    /// As an earlier page gave it.
    pub cursor: Option<String>,
}

#[derive(Clone, Debug)]
pub struct FeedPage {
    /// Newest first. Fewer than asked for, or none, also where there is a next page: a page of a language or a text
    /// ends where enough posts were looked at.
    pub posts: Vec<PostView>,
    /// Where the next, older page begins; `None` at the end. It stays right while posts arrive.
    pub next: Option<String>,
}

impl FeedQuery {
    /// All visible posts of a stage, the newest 20.
    #[must_use]
    pub fn of(stage_id: StageId) -> Self {
        Self {
            stage_id,
            topic: None,
            network: None,
            hidden: false,
            pinned: None,
            since: None,
            until: None,
            language: None,
            text: None,
            limit: 20,
            cursor: None,
        }
    }
}

/// What became of a post, as of a mirror's cursor.
#[derive(Clone, Debug)]
pub struct PostChange {
    pub id: PostId,
    pub state: PostState,
    /// Stands just behind this change.
    pub cursor: Known,
}

#[derive(Clone, Debug)]
pub enum PostState {
    Visible(Box<PostView>),
    /// A moderator hid it; it may be shown again.
    Hidden,
    /// It went with its source, for good.
    Withdrawn,
}

#[derive(Clone, Debug)]
pub struct ChangesPage {
    /// In the order of the log; each post once, as it is now.
    pub changes: Vec<PostChange>,
    /// Where the next page begins: at the end of what there is, or in the middle of it.
    pub cursor: Known,
    /// Whether there is more already.
    pub more: bool,
}

/// What a topic would do if it were defined now.
#[derive(Clone, Debug)]
pub struct TopicPreview {
    /// Of the posts looked at, how many would be in the topic.
    pub matched: u64,
    /// How many posts were looked at: the newest, hidden ones too, without those that a person assigned.
    pub examined: u64,
    /// The newest that match.
    pub posts: Vec<PreviewedPost>,
}

#[derive(Clone, Debug)]
pub struct PreviewedPost {
    pub post: PostView,
    pub reasons: Vec<Reason>,
}
