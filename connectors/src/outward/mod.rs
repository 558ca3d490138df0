//! Outward: messages to recipients whose addresses the operator gave us.
//!
//! Here live the protocols alone, one file a recipient: how a message is sent, and what an answer means. What is told to
//! whom is decided in the workers. The addresses come from the operator and not from a client, so they may lie in the
//! operator's own network. What the other side says is never repeated: an answer becomes one of our codes.

mod slack;
mod smtp;
mod websub;

use std::time::Duration;

pub use slack::{SlackMessage, SlackWebhook};
pub use smtp::{Mail, Smtp};
pub use websub::WebSubHub;

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
