//! Telling a WebSub hub that feeds changed. The recommendation (<https://www.w3.org/TR/websub/>, 5) leaves open how; hubs take
//! what PubSubHubbub 0.4 says in section 7.1: a POST of a form with `hub.mode=publish` and a `hub.url` for each feed,
//! answered with 2xx. The hub fetches the feeds itself.

use reqwest::{Client, StatusCode, header};
use url::{Url, form_urlencoded::Serializer};

use super::{OutwardSetup, SendError, client, unsent};
use crate::net::retry_after;

/// A hub that the operator chose.
pub struct WebSubHub {
    client: Client,
    address: Url,
}

impl WebSubHub {
    /// # Errors
    /// When the address is not one of a web server.
    pub fn new(address: Url) -> Result<Self, OutwardSetup> {
        if !matches!(address.scheme(), "http" | "https") || !address.has_host() {
            return Err(OutwardSetup::Address);
        }
        Ok(Self { client: client()?, address })
    }

    /// What feeds name the hub by.
    #[must_use]
    pub fn address(&self) -> &str {
        self.address.as_str()
    }

    /// Tells once that these feeds changed.
    pub async fn publish(&self, feeds: &[String]) -> Result<(), SendError> {
        let request = self.client.post(self.address.clone());
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(form(feeds)).send().await.map_err(|error| unsent(&error))?;
        let (status, wait) = (answer.status(), retry_after(answer.headers()));
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS => Err(SendError::Later { code: "rate_limited", wait }),
            _ if status.is_server_error() => Err(SendError::Later { code: "hub_unavailable", wait }),
            _ => Err(SendError::Settings { code: "hub_refused" }),
        }
    }
}

fn form(feeds: &[String]) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("hub.mode", "publish");
    form.extend_pairs(feeds.iter().map(|feed| ("hub.url", feed))).finish()
}
