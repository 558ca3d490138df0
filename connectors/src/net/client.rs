use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    LOCATION,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use stage_domain::source::{Cursor, FailureKind};
use url::Url;

use super::address::Reach;
use super::resolver::Resolver;
use super::{address, fault, retry};
use crate::{FetchError, Settings, SetupError};

const MAX_REDIRECTS: usize = 5;
/// A validator longer than this is not worth keeping.
const MAX_VALIDATOR: usize = 1000;

/// The client that all connectors share.
pub(crate) struct Net {
    client: Client,
    reach: Reach,
    timeout: Duration,
    max_bytes: usize,
}

pub(crate) enum Answer {
    NotModified,
    Page(Page),
}

/// A document with what its server says about it.
pub(crate) struct Page {
    /// Where it was found in the end.
    pub(crate) address: Url,
    pub(crate) content_type: Option<String>,
    pub(crate) cursor: Cursor,
    pub(crate) fresh_for: Option<Duration>,
    pub(crate) bytes: Vec<u8>,
}

impl Net {
    pub(crate) fn new(settings: &Settings) -> Result<Self, SetupError> {
        let reach = if settings.allow_private_addresses { address::is_any } else { address::is_public };
        Self::reaching(reach, settings)
    }

    pub(super) fn reaching(reach: Reach, settings: &Settings) -> Result<Self, SetupError> {
        // Fails where the program has installed a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(&settings.user_agent)
            // A proxy would resolve names for us, out of reach of the check below.
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .dns_resolver(Arc::new(Resolver { reach }))
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { client, reach, timeout: settings.timeout, max_bytes: settings.max_bytes })
    }

    /// One GET with everything that belongs to it: redirects, validators, limits.
    pub(crate) async fn get(
        &self,
        address: &str,
        accept: &'static str,
        cursor: &Cursor,
    ) -> Result<Answer, FetchError> {
        let name = fault::place(address);
        tokio::time::timeout(self.timeout, self.follow(address, accept, cursor, &name))
            .await
            .unwrap_or_else(|_| Err(fault::timed_out(&name)))
    }

    async fn follow(
        &self,
        address: &str,
        accept: &'static str,
        cursor: &Cursor,
        name: &str,
    ) -> Result<Answer, FetchError> {
        let mut url = self.checked(address.parse().ok())?;
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.client.get(url.clone()).header(ACCEPT, accept);
            if let Some(etag) = &cursor.etag {
                request = request.header(IF_NONE_MATCH, etag);
            }
            if let Some(last_modified) = &cursor.last_modified {
                request = request.header(IF_MODIFIED_SINCE, last_modified);
            }
            let response = request.send().await.map_err(|error| fault::of_request(&error, name))?;
            match response.status() {
                StatusCode::NOT_MODIFIED => return Ok(Answer::NotModified),
                status if status.is_redirection() => {
                    let location = response.headers().get(LOCATION).map(|location| location.as_bytes());
                    let location = location.and_then(|bytes| std::str::from_utf8(bytes).ok());
                    let Some(location) = location else {
                        return Err(fault::of_status(status, response.headers(), name));
                    };
                    url = self.checked(url.join(location).ok())?;
                }
                status if status.is_success() => return self.page(response, name).await.map(Answer::Page),
                status => return Err(fault::of_status(status, response.headers(), name)),
            }
        }
        Err(FetchError::new(
            FailureKind::Refused,
            format!("{name} redirects more than {MAX_REDIRECTS} times."),
        ))
    }

    /// The HTTP client asks no resolver about an IP address, so it is checked here, on every hop.
    fn checked(&self, url: Option<Url>) -> Result<Url, FetchError> {
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(mut url) = url else {
            let detail = "The address, or one that it redirects to, is not an http or https address.";
            return Err(FetchError::new(FailureKind::Refused, detail));
        };
        if address::literal(&url).is_some_and(|literal| !(self.reach)(literal)) {
            return Err(fault::forbidden());
        }
        // Nobody's password is sent to where a redirect leads.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(url)
    }

    async fn page(&self, mut response: Response, name: &str) -> Result<Page, FetchError> {
        let max = self.max_bytes;
        if response.content_length().is_some_and(|length| length > max as u64) {
            return Err(fault::too_large(name, max));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| fault::of_body(&error, name))? {
            if bytes.len() + chunk.len() > max {
                return Err(fault::too_large(name, max));
            }
            bytes.extend_from_slice(&chunk);
        }
        let headers = response.headers();
        Ok(Page {
            address: response.url().clone(),
            content_type: text(headers, &CONTENT_TYPE),
            cursor: Cursor { etag: text(headers, &ETAG), last_modified: text(headers, &LAST_MODIFIED) },
            fresh_for: retry::freshness(headers),
            bytes,
        })
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
}
