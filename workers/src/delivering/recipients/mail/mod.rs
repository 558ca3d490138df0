//! Mail to the people themselves. One file a kind of mail, each with its texts in both languages.
//!
//! Each person has a lane of their own: an address that does not work holds up nobody else. A new kind is a file with a
//! [`Kind`], most often a [`notice::Notice`], and a line in [`Mailer::new`].

mod email_changed;
mod folder;
mod invitation;
mod notice;
mod password_changed;
mod password_reset;
mod post;
pub(crate) mod restriction_ends;
mod verification;

use std::{io, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use stage_commands::{CommandError, Commands};
use stage_connectors::outward::Mail;
use stage_domain::{
    AccountId, InvitationId, Language,
    account::{Account, AccountEvent, Person},
};
use stage_projections::{
    ProjectionError,
    outbox::{Delivery, Draft, News, Routes},
};
use stage_store::{Log, Recorded, StoreError};
use url::Url;
use uuid::Uuid;

pub use folder::{Folder, FolderError, Kept};
pub use post::Post;

use crate::{
    Clock,
    delivering::{Parcel, Recipient},
};

/// Behind those of the kinds, however many there will be. For ever, like those.
const PART_OF_INVITATION: u8 = 100;

/// The name that its consumer and its deliveries are kept under.
pub(crate) const NAME: &str = "mail";

/// Writes mails, and hands them to whoever carries them.
pub struct Mailer {
    desk: Desk,
    post: Arc<dyn Post>,
    kinds: Vec<Box<dyn Kind>>,
}

/// What is needed to write a mail.
struct Desk {
    commands: Commands,
    /// Where people reach the program: links lead there.
    public_url: Url,
    clock: Clock,
}

/// One kind of mail.
#[async_trait]
trait Kind: Send + Sync {
    /// For ever: rows are kept under it.
    fn name(&self) -> &'static str;

    /// The account that is written to because of this event, if any.
    fn about(&self, event: &Recorded) -> Result<Option<Uuid>, StoreError>;

    /// To which of the person's addresses it goes.
    fn to(&self) -> To {
        To::Present
    }

    /// Writes it to a person who is known.
    async fn write(&self, to: &Addressee<'_>, desk: &Desk) -> Result<Letter, ProjectionError>;
}

/// An address of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// The one of now.
    Present,
    /// The one before the event that the mail is about. It is read from the log when the mail is sent and kept nowhere
    /// else, so that an erasure reaches it.
    Former,
}

/// Whom a mail is for.
struct Addressee<'a> {
    account: AccountId,
    person: &'a Person,
    email: &'a str,
    email_verified: bool,
    /// When the mail was asked for.
    since: DateTime<Utc>,
}

enum Letter {
    Written {
        subject: String,
        text: String,
    },
    /// Why there is no use in it any more.
    NotNeeded(&'static str),
}

impl Mailer {
    #[must_use]
    pub fn new(commands: Commands, post: Arc<dyn Post>, public_url: Url, clock: Clock) -> Self {
        Self {
            desk: Desk { commands, public_url, clock },
            post,
            kinds: vec![
                Box::new(verification::Verification),
                Box::new(password_reset::PasswordReset),
                Box::new(password_changed::PASSWORD_CHANGED),
                Box::new(restriction_ends::RESTRICTION_ENDS),
                // The place of each is part of its deliveries' ids: a new one comes last.
                Box::new(email_changed::EMAIL_CHANGED),
            ],
        }
    }
}

impl Routes for Mailer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn consumer(&self) -> &'static str {
        "outbox_mail"
    }

    fn news(&self, event: &Recorded) -> Result<Vec<News>, StoreError> {
        let mut news = Vec::new();
        for (part, kind) in (0..).zip(&self.kinds) {
            if let Some(account) = kind.about(event)? {
                let (kind, lane) = (kind.name(), account.to_string());
                // Nothing is disclosed: it is the person's own.
                news.push(News::Tell(Draft { part, kind, lane, about: Some(account), subject: None }));
            }
        }
        if let Some(invitation) = invitation::about(event)? {
            let (part, kind, lane) = (PART_OF_INVITATION, invitation::NAME, invitation.to_string());
            news.push(News::Tell(Draft { part, kind, lane, about: Some(invitation), subject: None }));
        }
        Ok(news)
    }
}

#[async_trait]
impl Recipient for Mailer {
    fn sweep(&self, now: DateTime<Utc>) -> io::Result<()> {
        self.post.sweep(now)
    }

    async fn prepare(&self, delivery: &Delivery, log: &Log) -> Result<Parcel<'_>, ProjectionError> {
        if let (invitation::NAME, Some(invitation)) = (delivery.kind.as_str(), delivery.about) {
            return self.prepare_invitation(InvitationId(invitation), delivery, log).await;
        }
        let kind = self.kinds.iter().find(|kind| kind.name() == delivery.kind);
        let (Some(kind), Some(account)) = (kind, delivery.about) else {
            return Ok(Parcel::Withheld("unknown_kind"));
        };
        let loaded = log.load::<Account>(account).await?.aggregate;
        let Some(person) = &loaded.person else { return Ok(Parcel::Withheld("erased")) };
        let Some(email) = person.email.known() else { return Ok(Parcel::Withheld("erased")) };
        let to = Addressee {
            account: AccountId(account),
            person,
            email,
            email_verified: loaded.email_verified,
            since: delivery.created_at,
        };
        let (subject, text) = match kind.write(&to, &self.desk).await? {
            Letter::Written { subject, text } => (subject, text),
            Letter::NotNeeded(reason) => return Ok(Parcel::Withheld(reason)),
        };
        let address = match (kind.to(), delivery.position) {
            (To::Former, Some(position)) => former_address(account, position, log).await?,
            (To::Former, None) => None,
            (To::Present, _) => Some(email.clone()),
        };
        let Some(address) = address else { return Ok(Parcel::Withheld("erased")) };
        let mail = Mail {
            key: delivery.id.to_string(),
            to: address,
            subject,
            text,
            language: person.language.code(),
        };
        let (account, kind) = (to.account, kind.name());
        Ok(Parcel::Ready(Box::pin(async move { self.post.post(account, kind, &mail).await })))
    }
}

impl Mailer {
    /// Whoever is invited may have no account. What stands for them is the invitation, with a key of its own.
    async fn prepare_invitation(
        &self,
        invitation: InvitationId,
        delivery: &Delivery,
        log: &Log,
    ) -> Result<Parcel<'_>, ProjectionError> {
        let invited = invitation::write(invitation, delivery, &self.desk, log).await?;
        let Some(invitation::Invited { email, language, letter: Letter::Written { subject, text } }) =
            invited
        else {
            return Ok(Parcel::Withheld("not_open"));
        };
        let mail = Mail { key: delivery.id.to_string(), to: email, subject, text, language: language.code() };
        let key = AccountId(invitation.0);
        Ok(Parcel::Ready(Box::pin(async move { self.post.post(key, invitation::NAME, &mail).await })))
    }
}

impl Desk {
    /// A page of ours with a token behind `#`, which browsers keep to themselves: it is in no server's log.
    fn link(&self, path: &str, token: &SecretString) -> String {
        let base = self.public_url.as_str().trim_end_matches('/');
        format!("{base}/{path}#{}", token.expose_secret())
    }
}

/// An event of an account, if it is one.
fn account_event(event: &Recorded) -> Result<Option<AccountEvent>, StoreError> {
    match event.stream_type.as_str() {
        "account" => event.event().map(Some),
        _ => Ok(None),
    }
}

/// Events that are read at once.
const PAGE: i64 = 100;

/// The address that an account had before the event at this position; `None` once it cannot be read any more.
async fn former_address(account: Uuid, before: i64, log: &Log) -> Result<Option<String>, ProjectionError> {
    let (mut was, mut after) = (Account::default(), None);
    loop {
        let events = log.opened("account", &[account], after, PAGE).await?;
        let earlier = events.iter().take_while(|event| event.position < before);
        for event in earlier {
            event.apply_to(&mut was)?;
        }
        match events.last() {
            Some(last) if last.position < before => after = Some((last.stream_id, last.sequence)),
            _ => return Ok(was.person.and_then(|person| person.email.known().cloned())),
        }
    }
}

/// How a person is greeted.
fn greeting(to: &Addressee<'_>) -> String {
    let name = to.person.first_name.known().map(String::as_str).unwrap_or_default();
    match to.person.language {
        Language::En => format!("Hello {name},"),
        Language::De => format!("Guten Tag {name},"),
    }
}

/// The commands fail here as the database does.
fn unavailable(error: CommandError) -> ProjectionError {
    match error {
        CommandError::Store(error) => error.into(),
        _ => StoreError::Conflict.into(),
    }
}
