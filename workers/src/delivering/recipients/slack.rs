//! Slack: a registration, a new stage and errors of the system, into a channel of the operator's.

use std::time::Duration;

use async_trait::async_trait;
use stage_connectors::outward::{SlackMessage, SlackWebhook};
use stage_domain::{
    AccountId, Language,
    account::{Account, AccountEvent, Person, Purpose},
    stage::StageEvent,
};
use stage_projections::{
    ProjectionError,
    outbox::{Delivery, Draft, News, Routes},
};
use stage_store::{Log, Recorded, StoreError};

use crate::delivering::{
    Parcel, Recipient, event_of,
    texts::{self, slack as text},
};

/// Slack takes one message a second of a webhook, with short bursts.
const PACE: Duration = Duration::from_secs(1);

pub struct Slack {
    webhook: SlackWebhook,
    language: Language,
}

impl Slack {
    /// `language` is that of whoever reads the channel.
    #[must_use]
    pub fn new(webhook: SlackWebhook, language: Language) -> Self {
        Self { webhook, language }
    }

    fn ready<'a>(&'a self, delivery: &Delivery, mut message: SlackMessage) -> Parcel<'a> {
        let key = delivery.id.to_string();
        message.small_print = match delivery.about {
            Some(about) => text::small_print(self.language, &about.to_string(), &key),
            None => key.clone(),
        };
        Parcel::Ready(Box::pin(async move { self.webhook.post(&key, &message).await }))
    }
}

impl Routes for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn consumer(&self) -> &'static str {
        "outbox_slack"
    }

    fn news(&self, event: &Recorded) -> Result<Vec<News>, StoreError> {
        let tell = |kind, about: AccountId, discloses: bool| {
            let subject = discloses.then_some(about.0);
            // One lane: what happened is told in its order.
            News::Tell(Draft { part: 0, kind, lane: String::new(), about: Some(about.0), subject })
        };
        Ok(match event.stream_type.as_str() {
            "account" => match event.event()? {
                AccountEvent::AccountRegistered { .. } => {
                    vec![tell("registration", AccountId(event.stream_id), true)]
                }
                AccountEvent::RestrictionLifted { .. } => vec![News::Release(event.stream_id)],
                _ => vec![],
            },
            "stage" => match event.event()? {
                StageEvent::StageCreated { owner, .. } => vec![tell("stage_created", owner, false)],
                _ => vec![],
            },
            _ => vec![],
        })
    }
}

#[async_trait]
impl Recipient for Slack {
    fn pace(&self) -> Duration {
        PACE
    }

    fn hears_alerts(&self) -> bool {
        true
    }

    async fn prepare(&self, delivery: &Delivery, log: &Log) -> Result<Parcel<'_>, ProjectionError> {
        let language = self.language;
        let account = match delivery.about {
            Some(account) => log.load::<Account>(account).await?.aggregate,
            None => Account::default(),
        };
        Ok(match delivery.kind.as_str() {
            "registration" | "stage_created" if account.is_restricted() => Parcel::Withheld("restricted"),
            "registration" if account.objections.contains(&Purpose::Recipients) => {
                Parcel::Withheld("objected")
            }
            "registration" => match known(&account) {
                Some(person) => {
                    let facts = text::person(language, person, delivery.created_at);
                    let headline = text::registration(language).to_owned();
                    self.ready(delivery, SlackMessage { headline, facts, ..SlackMessage::default() })
                }
                None => Parcel::Withheld("erased"),
            },
            "stage_created" => match event_of(delivery, log).await? {
                Some(StageEvent::StageCreated { name, at, .. }) => {
                    let facts = text::stage(language, &name, at);
                    let headline = text::stage_created(language).to_owned();
                    self.ready(delivery, SlackMessage { headline, facts, ..SlackMessage::default() })
                }
                _ => Parcel::Withheld("nothing_to_tell"),
            },
            kind => match texts::slack::alert(language, kind, delivery.detail.as_ref()) {
                Some((headline, facts)) => {
                    self.ready(delivery, SlackMessage { headline, facts, ..SlackMessage::default() })
                }
                None => Parcel::Withheld("nothing_to_tell"),
            },
        })
    }
}

/// The person, unless they were erased.
fn known(account: &Account) -> Option<&Person> {
    account.person.as_ref().filter(|person| person.email.known().is_some())
}
