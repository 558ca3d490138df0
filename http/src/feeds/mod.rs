//! A stage's posts as JSON Feed 1.1, Atom (RFC 4287) and RSS 2.0, valid by the rules of the W3C feed validator.
//!
//! `Feed` says the same in every format; each file writes one. Ids and dates don't depend on the format or on the
//! handle, so a reader who changes from one to the other sees no post twice.

mod atom;
mod entry;
pub(crate) mod json;
mod rss;
pub(crate) mod xml;

use chrono::{DateTime, SecondsFormat, Utc};
pub(crate) use entry::{dated, title};
use stage_projections::{feed::PostView, stages::StageView};
use uuid::Uuid;

use crate::{
    HttpSettings,
    problem::{Kind, Problem},
};

/// What a feed says, whatever its format.
pub(crate) struct Feed<'a> {
    pub(crate) settings: &'a HttpSettings,
    pub(crate) stage: StageView,
    pub(crate) posts: Vec<PostView>,
    /// What the reader asked for beyond the stage, as a query; empty for everything.
    pub(crate) conditions: String,
    /// The address of this page and of the next, older one.
    pub(crate) own: String,
    pub(crate) next: Option<String>,
    /// Whether the reader asked for nothing beyond the stage, so that this is the feed's first page.
    pub(crate) is_whole: bool,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Atom,
    Rss,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "feed.json",
            Self::Atom => "feed.atom",
            Self::Rss => "feed.rss",
        }
    }

    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Json => "application/feed+json",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Rss => "application/rss+xml; charset=utf-8",
        }
    }
}

impl Feed<'_> {
    pub(crate) fn write(&self, format: Format) -> Result<Vec<u8>, Problem> {
        let written = match format {
            Format::Json => json::write(self),
            Format::Atom => atom::write(self),
            Format::Rss => rss::write(self),
        };
        written.map_err(|_| Problem::new(Kind::Internal))
    }

    /// The same as the header `Link`: where this is, where it goes on, and who tells of news (WebSub, 4).
    pub(crate) fn link(&self) -> String {
        let hub = self.hub().map(|hub| format!("<{hub}>; rel=\"hub\""));
        let next = self.next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        let own = Some(format!("<{}>; rel=\"self\"", self.own));
        [own, hub, next].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// It is told when a stage's feed changes, and not which selections of it somebody reads.
    fn hub(&self) -> Option<&str> {
        self.settings.websub_hub.as_ref().filter(|_| self.is_whole).map(|hub| hub.as_str())
    }

    /// Each selection of posts is a feed of its own.
    fn id(&self) -> Uuid {
        let stage = self.stage.id.0;
        if self.conditions.is_empty() { stage } else { Uuid::new_v5(&stage, self.conditions.as_bytes()) }
    }

    /// Where people read the stage.
    fn home(&self) -> String {
        self.settings.public("/s/", &self.stage.handle)
    }

    /// Where people read a post.
    fn page(&self, post: &PostView) -> String {
        self.settings.public("/s/", &format!("{}/posts/{}", self.stage.handle, post.id))
    }

    /// When something in it was last new.
    fn updated(&self) -> DateTime<Utc> {
        let changed = self.posts.iter().map(|post| post.revised_at.unwrap_or(post.imported_at));
        changed.max().unwrap_or(self.stage.created_at)
    }

    /// The language of the posts, where it is one.
    fn language(&self) -> Option<&str> {
        let mut languages = self.posts.iter().map(|post| post.content.language.as_deref());
        let first = languages.next()??;
        languages.all(|language| language == Some(first)).then_some(first)
    }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
