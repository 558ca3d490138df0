use std::{convert::Infallible, sync::LazyLock};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use isbot::Bots;
use stage_projections::views::Viewer;

/// Agents that are younger than the crate's list: those that fetch a page because somebody asked a language model, or to
/// teach one, and whose names don't end in "bot". As their makers document them.
const YOUNGER: &[&str] = &[
    "chatgpt-user",
    "claude-user",
    "claude-web",
    "anthropic-ai",
    "perplexity-user",
    "mistralai-user",
    "meta-external(agent|fetcher)",
    "cohere-ai",
    "youbot",
    "diffbot",
    "bytespider",
    "^whatsapp/",
    "^python/",
    "^ruby$",
    "^libcurl",
];

static BOTS: LazyLock<Bots> = LazyLock::new(|| {
    let mut bots = Bots::default();
    bots.append(YOUNGER);
    bots
});

/// Who looks, told by what the client says that it is. The string is looked at here and dropped: no cache, no log and no
/// other room ever has it.
pub(crate) struct Looks(pub(crate) Viewer);

impl Looks {
    pub(crate) fn told_by(headers: &HeaderMap) -> Viewer {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        match agent.is_some_and(|agent| BOTS.is_bot(agent)) {
            true => Viewer::Bot,
            // Also whoever says nothing: nobody is known to be a bot by silence.
            false => Viewer::Person,
        }
    }

    /// Makes the list ready, which would else delay the first reader.
    pub(crate) fn prepare() {
        LazyLock::force(&BOTS);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Looks {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Self::told_by(&parts.headers)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn viewer(agent: &str) -> Viewer {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, agent.parse().unwrap());
        Looks::told_by(&headers)
    }

    #[test]
    fn bots_are_told_by_what_they_call_themselves() {
        for bot in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; claudebot@anthropic.com)",
            "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko; compatible; Bytespider)",
            "WhatsApp/2.23.20.0",
            "http.rb/5.1.1 (Mastodon/4.2.0; +https://mastodon.example/)",
            "curl/8.5.0",
            "python-requests/2.32.0",
            "Feedly/1.0 (+https://feedly.com/poller.html; 12 subscribers)",
        ] {
            assert_eq!(viewer(bot), Viewer::Bot, "{bot}");
        }
    }

    #[test]
    fn browsers_are_not_taken_for_bots() {
        for browser in [
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 Instagram 360.0",
            "Lynx/2.9.0 libwww-FM/2.14",
            "",
        ] {
            assert_eq!(viewer(browser), Viewer::Person, "{browser}");
        }
        assert_eq!(Looks::told_by(&HeaderMap::new()), Viewer::Person);
    }
}
