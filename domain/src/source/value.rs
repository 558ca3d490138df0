use serde::{Deserialize, Serialize};
use url::Url;

use crate::{FieldError, field};

/// Minutes between two polls of a source for which nobody chose otherwise.
pub const DEFAULT_INTERVAL: u32 = 15;

/// A network that posts come from. `feed` stands for RSS, Atom and JSON Feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    #[default]
    Feed,
}

impl Network {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
        }
    }
}

/// Where the next poll goes on: the validators of the last document that was imported (RFC 9110, 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// Why a poll brought nothing. `detail` is for the person who linked the source; it never holds a
/// credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The address is private, loopback or otherwise not on the public internet.
    ForbiddenAddress,
    /// No answer: name not found, connection refused, TLS failed.
    Unreachable,
    TimedOut,
    TooLarge,
    /// The server answered with a 4xx or 5xx status.
    Refused,
    /// 404 or 410: the feed is not there any more.
    Gone,
    /// 429, or 503 with Retry-After.
    RateLimited,
    /// The document is not a feed in a form that we read.
    NotAFeed,
}

/// The address of a feed in its normal form: http or https, a host, no password, no fragment.
pub fn address(value: &str) -> Result<String, FieldError> {
    let value = field::line("address", value, 2000)?;
    let wrong = |text: &str| FieldError::new("address", "not_a_feed_address", text);
    let value = if value.contains("://") { value } else { format!("https://{value}") };
    let mut url =
        Url::parse(&value).map_err(|_| wrong("must be an address such as https://example.org/feed.xml"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user name or a password"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("must name a host"));
    }
    url.set_fragment(None);
    Ok(url.to_string())
}

/// Minutes between two polls: 5 minutes to a week.
pub fn interval(minutes: u32) -> Result<u32, FieldError> {
    match minutes {
        5..=10_080 => Ok(minutes),
        _ => Err(FieldError::new("interval_minutes", "out_of_range", "must be 5 to 10080 minutes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_normal_form() {
        assert_eq!(address("HTTPS://Example.org:443/a?b#c"), Ok("https://example.org/a?b".to_owned()));
        assert_eq!(address("example.org/feed"), Ok("https://example.org/feed".to_owned()));
        for wrong in
            ["", "ftp://example.org/", "file:///etc/passwd", "https://me:secret@example.org/", "http://"]
        {
            assert!(address(wrong).is_err(), "{wrong:?} must be refused");
        }
    }
}
