use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

/// What a post says. `html` is safe to show as it is; `text` is the same without markup. Neither holds
/// U+0000. Addresses are absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostContent {
    pub title: Option<String>,
    pub html: Option<String>,
    pub text: String,
    pub permalink: Option<Url>,
    pub author: Option<String>,
    /// A BCP 47 tag, as the feed gives it or as found in the text.
    pub language: Option<String>,
    pub categories: Vec<String>,
    pub media: Vec<Media>,
    /// As the network gives it; `None` where it gives none.
    pub published_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    pub kind: MediaKind,
    pub url: Url,
    /// A media type (RFC 6838), where it is known.
    pub content_type: Option<String>,
    pub alt: Option<String>,
    /// In pixels.
    pub width: Option<u32>,
    /// In pixels.
    pub height: Option<u32>,
    /// A still picture for a video or sound.
    pub preview: Option<Url>,
    /// In seconds.
    pub duration: Option<u32>,
    /// In bytes.
    pub bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Other,
}
