use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stage_domain::{PostId, SourceId, StageId, TopicId, post::PostContent, source::Network, topics::Reason};

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

#[derive(Clone, Debug)]
pub struct FeedQuery {
    pub stage_id: StageId,
    pub topic: Option<TopicId>,
    pub network: Option<Network>,
    /// Hidden posts too, for the dashboard.
    pub hidden: bool,
    /// `Some(true)`: only pinned ones.
    pub pinned: Option<bool>,
    /// 1 to 100.
    pub limit: u32,
    /// As an earlier page gave it.
    pub cursor: Option<String>,
}

#[derive(Clone, Debug)]
pub struct FeedPage {
    /// Newest first.
    pub posts: Vec<PostView>,
    /// Where the next, older page begins; `None` at the end. It stays right while posts arrive.
    pub next: Option<String>,
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
