use std::{num::NonZeroU32, time::Duration};

use ipnet::IpNet;
use url::Url;

/// How this room is set up. The program fills it from its flags.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where readers reach the program, for links and for the check of `Origin`.
    pub public_url: Url,
    /// `__Host-` and `Secure` on the cookies. Off only for plain http on loopback, where browsers would drop them.
    pub secure_cookies: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub log_in_rate: Rate,
    pub registration_rate: Rate,
    /// The longest a request may take.
    pub request_timeout: Duration,
    /// The largest body of a request but for uploads, in bytes.
    pub body_bytes: usize,
    /// How many bytes of rendered pages are kept in memory.
    pub cache_bytes: u64,
    /// Where readers may subscribe to feeds (WebSub); told in feeds, where there is one.
    pub websub_hub: Option<Url>,
    /// The longest a read waits for a position.
    pub wait_at_most: Duration,
}

/// How often one client address may try: `burst` at once, then one more `every` so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub burst: NonZeroU32,
    pub every: Duration,
}

impl HttpSettings {
    /// The usual limits.
    #[must_use]
    pub fn new(public_url: Url) -> Self {
        let rate = |burst: u32, seconds| Rate {
            burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN),
            every: Duration::from_secs(seconds),
        };
        Self {
            secure_cookies: public_url.scheme() == "https",
            public_url,
            trusted_proxies: vec![],
            log_in_rate: rate(10, 6),
            registration_rate: rate(5, 60),
            request_timeout: Duration::from_secs(30),
            body_bytes: 256 << 10,
            cache_bytes: 64 << 20,
            websub_hub: None,
            wait_at_most: Duration::from_secs(5),
        }
    }

    /// The public address of `path` and what follows it, whatever the public address ends with.
    pub(crate) fn public(&self, path: &str, rest: &str) -> String {
        format!("{}{path}{rest}", self.public_url.as_str().trim_end_matches('/'))
    }
}
