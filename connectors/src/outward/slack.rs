//! Slack's incoming webhooks: a POST of JSON, answered with 200 and `ok`, or with a status and a word.
//! <https://api.slack.com/messaging/webhooks> and, for the words, its section "Handling errors".

use reqwest::{Client, StatusCode, header::HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::{Host, Url};

use super::{OutwardSetup, SendError, client, unsent};
use crate::net::retry_after;

/// Slack's longest word is far shorter.
const LONGEST_ANSWER: usize = 200;

/// What Slack's words mean for us.
const WORDS: &[(&str, SendError)] = &[
    ("invalid_payload", SendError::Refused { code: "invalid_payload" }),
    ("no_text", SendError::Refused { code: "no_text" }),
    ("too_many_attachments", SendError::Refused { code: "too_many_attachments" }),
    ("action_prohibited", SendError::Settings { code: "action_prohibited" }),
    ("invalid_token", SendError::Settings { code: "invalid_token" }),
    ("posting_to_general_channel_denied", SendError::Settings { code: "posting_to_general_channel_denied" }),
    ("team_disabled", SendError::Settings { code: "team_disabled" }),
    ("user_not_found", SendError::Settings { code: "user_not_found" }),
    ("no_service", SendError::Settings { code: "no_service" }),
    ("no_service_id", SendError::Settings { code: "no_service_id" }),
    ("no_active_hooks", SendError::Settings { code: "no_active_hooks" }),
    ("no_team", SendError::Settings { code: "no_team" }),
    ("channel_not_found", SendError::Settings { code: "channel_not_found" }),
    ("channel_is_archived", SendError::Settings { code: "channel_is_archived" }),
    ("rollup_error", SendError::Later { code: "rollup_error", wait: None }),
];

/// A webhook. Its address is the secret that lets us post, and is never shown.
pub struct SlackWebhook {
    client: Client,
    address: SecretString,
}

/// A message: a headline, facts with their names, and the small print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlackMessage {
    pub headline: String,
    /// At most ten are shown.
    pub facts: Vec<(String, String)>,
    pub small_print: String,
}

impl SlackWebhook {
    /// # Errors
    /// When the address is none, or is not https and not on this machine.
    pub fn new(address: SecretString) -> Result<Self, OutwardSetup> {
        let url: Url = address.expose_secret().parse().map_err(|_| OutwardSetup::Address)?;
        match url.scheme() {
            "https" if url.has_host() => {}
            "http" if is_this_machine(&url) => {}
            _ => return Err(OutwardSetup::NotHttps),
        }
        Ok(Self { client: client()?, address })
    }

    /// Sends a message once. `key` is the same at every try of the same message.
    pub async fn post(&self, key: &str, message: &SlackMessage) -> Result<(), SendError> {
        let request = self.client.post(self.address.expose_secret());
        let sent = request.header("Idempotency-Key", key).json(&message.to_json()).send().await;
        let mut response = sent.map_err(|error| unsent(&error))?;
        let mut word = Vec::new();
        while word.len() < LONGEST_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => word.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) => return Err(SendError::Later { code: "broke_off", wait: None }),
            }
        }
        answer(response.status(), response.headers(), &String::from_utf8_lossy(&word))
    }
}

fn answer(status: StatusCode, headers: &HeaderMap, word: &str) -> Result<(), SendError> {
    if status == StatusCode::OK {
        return Ok(());
    }
    let wait = retry_after(headers);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(SendError::Later { code: "rate_limited", wait });
    }
    if status.is_server_error() {
        return Err(SendError::Later { code: "slack_unavailable", wait });
    }
    let known = WORDS.iter().find(|(known, _)| *known == word.trim());
    Err(known.map_or(SendError::Settings { code: "unknown_answer" }, |(_, error)| *error))
}

impl SlackMessage {
    fn to_json(&self) -> Value {
        let headline = escape(&self.headline);
        // For notifications and for readers of the screen: everything once more, as plain text.
        let facts = self.facts.iter().map(|(name, value)| format!("{}: {}", escape(name), escape(value)));
        let small_print = Some(escape(&self.small_print)).filter(|text| !text.is_empty());
        let text = std::iter::once(headline.clone()).chain(facts).chain(small_print);
        let text = text.collect::<Vec<_>>().join("\n");
        // Values are never read as markup: a name may hold a star.
        let plain = |text: String| json!({"type": "plain_text", "text": text, "emoji": false});
        let fields: Vec<_> = self
            .facts
            .iter()
            .take(10)
            .map(|(name, value)| plain(format!("{}\n{}", escape(name), escape(value))))
            .collect();
        let mut section = json!({"type": "section", "text": plain(headline)});
        if !fields.is_empty() {
            section["fields"] = fields.into();
        }
        let context = json!({"type": "context", "elements": [plain(escape(&self.small_print))]});
        json!({"text": text, "blocks": [section, context]})
    }
}

/// Slack asks for these three, and for no others. A text that is longer than its blocks take is cut.
fn escape(text: &str) -> String {
    let text: String = text.chars().take(900).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_name_cannot_bring_markup_mentions_or_links_into_a_message() {
        let fact = ("First name".to_owned(), "<!channel> & <https://evil.example|Ada>".to_owned());
        let message = SlackMessage { headline: "New".into(), facts: vec![fact], small_print: String::new() };
        let json = message.to_json();
        let shown = "&lt;!channel&gt; &amp; &lt;https://evil.example|Ada&gt;";
        assert_eq!(json["text"], format!("New\nFirst name: {shown}"));
        assert_eq!(json["blocks"][0]["fields"][0]["text"], format!("First name\n{shown}"));
        assert_eq!(json["blocks"][0]["fields"][0]["type"], "plain_text");
    }

    #[test]
    fn every_documented_answer_has_its_meaning() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "30".parse().unwrap());
        let wait = Some(Duration::from_secs(30));
        let of = |status: u16, word| answer(StatusCode::from_u16(status).unwrap(), &headers, word);
        assert_eq!(of(200, "ok"), Ok(()));
        assert_eq!(of(429, "rate_limited"), Err(SendError::Later { code: "rate_limited", wait }));
        assert_eq!(of(503, ""), Err(SendError::Later { code: "slack_unavailable", wait }));
        assert_eq!(of(400, "invalid_payload"), Err(SendError::Refused { code: "invalid_payload" }));
        assert_eq!(of(403, "invalid_token\n"), Err(SendError::Settings { code: "invalid_token" }));
        assert_eq!(of(404, "no_service"), Err(SendError::Settings { code: "no_service" }));
        assert_eq!(of(410, "channel_is_archived"), Err(SendError::Settings { code: "channel_is_archived" }));
        assert_eq!(of(302, "moved"), Err(SendError::Settings { code: "unknown_answer" }));
    }

    #[test]
    fn people_are_told_of_over_https_alone_except_on_this_machine() {
        let new = |address: &str| SlackWebhook::new(address.into()).map(drop);
        assert_eq!(new("https://hooks.slack.com/services/T/B/x"), Ok(()));
        assert_eq!(new("http://127.0.0.1:9/"), Ok(()));
        assert_eq!(new("http://hooks.slack.com/services/T/B/x"), Err(OutwardSetup::NotHttps));
        assert_eq!(new("hooks"), Err(OutwardSetup::Address));
    }
}
