//! Mail over the operator's own server.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::AddressError,
    message::{Mailbox, header::ContentType},
    transport::smtp::{Error, response::Severity},
};
use secrecy::{ExposeSecret, SecretString};

use super::{OutwardSetup, SendError};

/// For one command of the protocol.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A mail to one person. It never shows itself in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The same at every try: it becomes the Message-ID, by which mailboxes know a mail that came before.
    pub key: String,
    pub to: String,
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// `de` or `en`.
    pub language: &'static str,
}

/// The operator's mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// `address` is `smtps://user:password@host`, or `smtp://host?tls=required`, or without TLS `smtp://host`; `from` is
    /// `name@example.org` or `Stage <name@example.org>`.
    ///
    /// # Errors
    /// When one of them is not well formed.
    pub fn new(address: &SecretString, from: &str) -> Result<Self, OutwardSetup> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(address.expose_secret())
            .map_err(|_| OutwardSetup::Address)?;
        let from = from.parse().map_err(|_: AddressError| OutwardSetup::Sender)?;
        Ok(Self { transport: builder.timeout(Some(TIMEOUT)).build(), from })
    }

    /// Sends a mail once.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let to = mail.to.parse().map_err(|_| SendError::Refused { code: "address_not_for_mail" })?;
        let message = Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.key, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.as_str())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|_| SendError::Refused { code: "not_a_mail" })?;
        self.transport.send(message).await.map(drop).map_err(|error| meaning(&error))
    }
}

/// A server's own words may repeat the address, so its code alone counts (RFC 5321, section 4.2).
fn meaning(error: &Error) -> SendError {
    let later = |code| SendError::Later { code, wait: None };
    if let Some(code) = error.status() {
        return match (code.severity, u16::from(code)) {
            (Severity::PermanentNegativeCompletion, 530 | 534 | 535 | 538) => {
                SendError::Settings { code: "log_in_refused" }
            }
            (Severity::PermanentNegativeCompletion, 550 | 551 | 553) => {
                SendError::Refused { code: "mailbox_unknown" }
            }
            (Severity::PermanentNegativeCompletion, 552) => SendError::Refused { code: "mailbox_full" },
            (Severity::PermanentNegativeCompletion, _) => SendError::Refused { code: "mail_refused" },
            _ => later("mail_server_busy"),
        };
    }
    if error.is_timeout() {
        later("timed_out")
    } else if error.is_tls() {
        later("no_secure_connection")
    } else {
        later("unreachable")
    }
}
