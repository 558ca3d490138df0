//! A post as readers see it, and what moderators see beyond.

use chrono::{DateTime, Utc};
use serde::Serialize;
use stage_domain::{
    post::{Media, MediaKind},
    topics::{Rule, RuleKind},
};
use stage_projections::feed::{AssignedTopic, PostView};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{HttpSettings, sources::view::NetworkName};

/// A post.
#[derive(Serialize, ToSchema)]
pub(crate) struct Post {
    id: Uuid,
    /// Where this post is read by itself.
    #[schema(format = Uri)]
    url: String,
    network: NetworkName,
    source_id: Uuid,
    title: Option<String>,
    /// Safe to show as it is.
    html: Option<String>,
    /// The same without markup.
    text: String,
    /// Where the network shows it.
    permalink: Option<String>,
    author: Option<String>,
    /// A BCP 47 tag.
    language: Option<String>,
    categories: Vec<String>,
    media: Vec<PostMedia>,
    /// As the network gives it.
    published_at: Option<DateTime<Utc>>,
    imported_at: DateTime<Utc>,
    /// When its source last changed it.
    revised_at: Option<DateTime<Utc>>,
    pinned: bool,
    topics: Vec<PostTopic>,
    /// How often it was viewed, without known bots.
    #[schema(minimum = 0)]
    views: u64,
    /// How often bots viewed it that say so themselves.
    #[schema(minimum = 0)]
    bot_views: u64,
}

/// A picture, film or sound in a post.
#[derive(Serialize, ToSchema)]
pub(crate) struct PostMedia {
    kind: PostMediaKind,
    url: String,
    content_type: Option<String>,
    alt: Option<String>,
    /// In pixels.
    width: Option<u32>,
    /// In pixels.
    height: Option<u32>,
    /// A still picture for a film or sound.
    preview: Option<String>,
    /// In seconds.
    duration: Option<u32>,
    /// In bytes.
    bytes: Option<u64>,
}

/// What a medium is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PostMediaKind {
    Image,
    Video,
    Audio,
    Other,
}

/// A topic that a post is in, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct PostTopic {
    id: Uuid,
    name: String,
    /// A person put the post here; then there are no reasons.
    by_hand: bool,
    reasons: Vec<Reason>,
}

/// Which rule matched which words, as they stand in the post.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reason {
    rule: ReasonRule,
    words: Vec<String>,
}

/// A rule of a topic.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReasonRule {
    kind: ReasonKind,
    text: String,
}

/// The kinds of rules.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReasonKind {
    Term,
    Phrase,
    Hashtag,
}

/// A post as its moderators see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModeratedPost {
    #[serde(flatten)]
    post: Post,
    hidden: bool,
    /// The next `If-Match` for the post.
    #[schema(minimum = 0)]
    version: u64,
}

impl ModeratedPost {
    pub(crate) fn new(view: PostView, settings: &HttpSettings) -> Self {
        Self { hidden: view.hidden, version: view.version, post: Post::new(view, settings) }
    }
}

impl Post {
    pub(crate) fn new(view: PostView, settings: &HttpSettings) -> Self {
        let content = view.content;
        Self {
            id: view.id.0,
            url: settings.public("/v1/posts/", &view.id.to_string()),
            network: view.network.into(),
            source_id: view.source_id.0,
            title: content.title,
            html: content.html,
            text: content.text,
            permalink: content.permalink.map(String::from),
            author: content.author,
            language: content.language,
            categories: content.categories,
            media: content.media.into_iter().map(PostMedia::from).collect(),
            published_at: content.published_at,
            imported_at: view.imported_at,
            revised_at: view.revised_at,
            pinned: view.pinned,
            topics: view.topics.into_iter().map(PostTopic::from).collect(),
            views: view.views.views,
            bot_views: view.views.bots,
        }
    }
}

impl From<Media> for PostMedia {
    fn from(media: Media) -> Self {
        Self {
            kind: match media.kind {
                MediaKind::Image => PostMediaKind::Image,
                MediaKind::Video => PostMediaKind::Video,
                MediaKind::Audio => PostMediaKind::Audio,
                MediaKind::Other => PostMediaKind::Other,
            },
            url: media.url.into(),
            content_type: media.content_type,
            alt: media.alt,
            width: media.width,
            height: media.height,
            preview: media.preview.map(String::from),
            duration: media.duration,
            bytes: media.bytes,
        }
    }
}

impl From<AssignedTopic> for PostTopic {
    fn from(topic: AssignedTopic) -> Self {
        let reasons = topic.reasons.into_iter().map(|reason| Reason::new(reason.rule, reason.words));
        Self { id: topic.id.0, name: topic.name, by_hand: topic.by_hand, reasons: reasons.collect() }
    }
}

impl Reason {
    pub(crate) fn new(Rule { kind, text }: Rule, words: Vec<String>) -> Self {
        let kind = match kind {
            RuleKind::Term => ReasonKind::Term,
            RuleKind::Phrase => ReasonKind::Phrase,
            RuleKind::Hashtag => ReasonKind::Hashtag,
        };
        Self { rule: ReasonRule { kind, text }, words }
    }
}
