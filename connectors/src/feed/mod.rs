//! The network `feed`: RSS, Atom and JSON Feed.
//!
//! A document goes through `charset` (bytes to characters), one reader for each family of formats (`rss`,
//! `atom`, `json`, the first two over the forgiving tree of `xml`), which all fill a `draft`, then `post` (safe,
//! plain, bounded) and `identity`.
//!
//! The readers are our own. The published crate feed-rs 3.0 was tried first. It finds no entries in Atom 0.3 and no
//! items in RSS 0.90, refuses RSS 0.93 and 0.94, refuses a whole document for one empty `media:description`, gives
//! an item without id and link a random id at every fetch, leaves HTML's entities as they are, knows neither
//! `isPermaLink` nor an entry's language nor the subjects of RSS 1.0 nor the pictures of JSON Feed, and panics on
//! a crafted `itunes:duration` or `author`.

mod atom;
mod charset;
mod dates;
mod draft;
mod entities;
mod files;
mod identity;
mod json;
mod namespace;
mod page;
mod person;
mod post;
mod rss;
#[cfg(test)]
mod tests;
mod xml;

use std::cmp::Reverse;
use std::time::Duration;

use async_trait::async_trait;
use stage_domain::source::{Cursor, FailureKind, Network};
use url::Url;

use crate::net::{Answer, Net, Page};
use crate::{Connector, Document, FetchError, Fetched, FetchedPost};

use draft::DraftFeed;

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
                      application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1";
/// Of one document. Where there are more, the newest.
const MAX_POSTS: usize = 1000;
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Reads RSS, Atom and JSON Feed.
pub struct FeedConnector {
    net: Net,
}

impl FeedConnector {
    pub(crate) fn new(net: Net) -> Self {
        Self { net }
    }
}

#[async_trait]
impl Connector for FeedConnector {
    fn network(&self) -> Network {
        Network::Feed
    }

    async fn fetch(&self, address: &str, cursor: &Cursor) -> Result<Fetched, FetchError> {
        let page = match self.net.get(address, ACCEPT, cursor).await? {
            Answer::NotModified => return Ok(Fetched::NotModified),
            Answer::Page(page) => page,
        };
        // Large documents take longer than other tasks on this thread should wait.
        let read = tokio::task::spawn_blocking(move || document(page)).await;
        let unreadable = |_| Err(not_a_feed("The document could not be read."));
        read.unwrap_or_else(unreadable).map(Fetched::Document)
    }
}

fn document(page: Page) -> Result<Document, FetchError> {
    let (feed, posts) = read(&page.bytes, page.content_type.as_deref(), &page.address)?;
    let wait = feed.wait.max(page.fresh_for).map(|wait| wait.min(LONGEST_WAIT));
    Ok(Document { title: feed.title, cursor: page.cursor, posts, wait })
}

/// The whole way from bytes to posts; pure, so that the same bytes give the same posts.
fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    address: &Url,
) -> Result<(DraftFeed, Vec<FetchedPost>), FetchError> {
    let text = charset::decode(bytes, content_type);
    let mut feed = parse(&text, address)?;
    feed.title = feed.title.map(|title| crate::markup::cut(title, 200)).filter(|title| !title.is_empty());
    let mut items = std::mem::take(&mut feed.items);
    if items.len() > MAX_POSTS {
        let mut newest: Vec<usize> = (0..items.len()).collect();
        newest.sort_by_key(|at| Reverse(items[*at].published));
        newest.truncate(MAX_POSTS);
        let newest: std::collections::HashSet<usize> = newest.into_iter().collect();
        let mut at = 0;
        items.retain(|_| {
            at += 1;
            newest.contains(&(at - 1))
        });
    }
    let posts = items.into_iter().filter_map(|mut item| {
        let id = item.id.take();
        Some((id, post::content(item, feed.language.as_deref())?))
    });
    let posts = identity::assign(posts.collect());
    Ok((feed, posts))
}

fn parse(text: &str, address: &Url) -> Result<DraftFeed, FetchError> {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    if start.is_empty() {
        return Err(not_a_feed("The document is empty."));
    }
    if start.starts_with(['{', '[']) {
        let json = serde_json::from_str(start)
            .map_err(|error| not_a_feed(format!("The document is broken JSON (line {}).", error.line())))?;
        return json::read(&json, address)
            .ok_or_else(|| not_a_feed("The document is JSON, but not a JSON Feed."));
    }
    let root = xml::parse(start);
    match root.as_ref().map(|root| (root, root.name.as_str())) {
        Some((root, "rss" | "rdf" | "channel")) => Ok(rss::read(root, address)),
        Some((root, "feed" | "entry")) => Ok(atom::read(root, address)),
        _ if page::is_page(start) => Err(not_a_feed(match page::feeds(start, address).as_slice() {
            [] => "The address leads to a web page and not to a feed.".to_owned(),
            feeds => {
                let feeds: Vec<&str> = feeds.iter().map(Url::as_str).collect();
                format!("The address leads to a web page; its feed is at {}", feeds.join(" or "))
            }
        })),
        Some(_) => Err(not_a_feed("The document is XML, but neither RSS nor Atom.")),
        None => Err(not_a_feed("The document is neither RSS nor Atom nor JSON Feed.")),
    }
}

fn not_a_feed(detail: impl Into<String>) -> FetchError {
    FetchError::new(FailureKind::NotAFeed, detail)
}
