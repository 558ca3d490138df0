//! Outward: messages to recipients whose addresses the operator gave us.
//!
//! Here live the protocols alone, one file a recipient: how a message is sent, and what an answer means. What is told to
//! whom is decided in the workers. The addresses come from the operator and not from a client, so they may lie in the
//! operator's own network. What the other side says is never repeated: an answer becomes one of our codes.

mod slack;
mod smtp;
mod websub;

use std::time::Duration;

use reqwest::{Client, redirect::Policy};

pub use slack::{SlackMessage, SlackWebhook};
pub use smtp::{Mail, Smtp};
pub use websub::WebSubHub;

/// For a whole request.
const TIMEOUT: Duration = Duration::from_secs(15);

/// What asks a recipient that is a web server.
fn client() -> Result<Client, OutwardSetup> {
    // Fails where the program has installed a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("Stage/", env!("CARGO_PKG_VERSION")))
        // Where a redirect leads is not where the operator wants people's names to go, and it would make a GET of a POST.
        .redirect(Policy::none())
        .referer(false)
        .timeout(TIMEOUT)
        .build()
        .map_err(|_| OutwardSetup::Tls)
}

/// It got no answer.
fn unsent(error: &reqwest::Error) -> SendError {
    SendError::Later { code: if error.is_timeout() { "timed_out" } else { "unreachable" }, wait: None }
}

/// Why a message did not arrive. `code` is one of ours, in lower case with underscores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may arrive later; `wait` is how long the other side asks us to stay away.
    #[error("{code}")]
    Later { code: &'static str, wait: Option<Duration> },
    /// The settings are wrong: nothing arrives until the operator changes them, here or there.
    #[error("{code}")]
    Settings { code: &'static str },
    /// This message will never be taken.
    #[error("{code}")]
    Refused { code: &'static str },
}

/// An address for messages that cannot be used. Says nothing of the address, which may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutwardSetup {
    #[error("the address is not well formed")]
    Address,
    #[error("the address must begin with https://; http:// is for this machine alone")]
    NotHttps,
    #[error("the address of the sender is not an e-mail address")]
    Sender,
    #[error("TLS cannot be set up")]
    Tls,
}
