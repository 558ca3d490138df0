//! Connectors: how posts come from a network to us.
//!
//! Here lives one folder per network behind the trait [`Connector`]: it fetches what is new at an address and
//! hands it over as the domain's own [`PostContent`]. What all networks need lies beside: `net` (requests that
//! reach only the public internet and end in time), `markup` (HTML made safe, text without markup) and
//! `language`. Nothing here stores, schedules or decides: the workers poll, the commands import. Nothing here
//! reads a clock or draws a random number either, because the same document must give the same posts, byte for
//! byte: a post that differs is a revision.
//!
//! The other direction has its own folder, `outward`: messages to recipients that the operator set up.
//!
//! Start with `feed/mod.rs`: request, characters, format, posts.

mod failure;
mod feed;
mod language;
mod markup;
mod net;
pub mod outward;

use std::time::Duration;

use async_trait::async_trait;
use stage_domain::post::PostContent;
use stage_domain::source::{Cursor, Network};

pub use failure::{FetchError, SetupError};
pub use feed::FeedConnector;

/// A network that posts come from.
#[async_trait]
pub trait Connector: Send + Sync {
    fn network(&self) -> Network;

    /// Fetches what is new since `cursor`.
    ///
    /// # Errors
    /// The reason, for the person who linked the source, and how long the server asks us to wait.
    async fn fetch(&self, address: &str, cursor: &Cursor) -> Result<Fetched, FetchError>;
}

/// What a poll brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The server says that nothing changed since the cursor.
    NotModified,
    Document(Document),
}

/// Everything that an address shows now, in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The feed's own name, without markup.
    pub title: Option<String>,
    pub cursor: Cursor,
    pub posts: Vec<FetchedPost>,
    /// How long the publisher asks to wait until the next poll (Cache-Control, ttl, sy:updatePeriod); a day
    /// at most.
    pub wait: Option<Duration>,
}

/// A post, as the network shows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedPost {
    /// The network's own id for the post, unique within the document and the same at every fetch.
    pub network_id: String,
    pub content: PostContent,
}

/// What all connectors are told by whoever runs the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether a source may lie in a private network or on this machine. Only for trying things out.
    pub allow_private_addresses: bool,
    /// For a whole request: name, connection, redirects and body.
    pub timeout: Duration,
    /// Of one document, after decompression.
    pub max_bytes: usize,
    /// What we call ourselves to the servers that we ask.
    pub user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            timeout: Duration::from_secs(20),
            max_bytes: 8 * 1024 * 1024,
            user_agent: concat!("Stage/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// One connector for every network.
pub struct Connectors {
    feed: FeedConnector,
}

impl Connectors {
    /// # Errors
    /// When TLS can't be set up, for example where the machine has no root certificates.
    #[allow(clippy::needless_pass_by_value, reason = "whoever builds us gives the settings away")]
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        Ok(Self { feed: FeedConnector::new(net::Net::new(&settings)?) })
    }

    #[must_use]
    pub fn of(&self, network: Network) -> &dyn Connector {
        match network {
            Network::Feed => &self.feed,
        }
    }
}
