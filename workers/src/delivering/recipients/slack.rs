//! Slack: a registration, a new stage and errors of the system, into a channel of the operator's; and, to one that was
//! told of a person, a correction or an erasure of their data.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use stage_connectors::outward::{SlackMessage, SlackWebhook};
use stage_domain::{
    AccountId, Language,
    account::{Account, AccountEvent, Person, Purpose},
    stage::StageEvent,
};
use stage_projections::{
    ProjectionError,
    outbox::{Delivery, Draft, News, RESTRICTED, Routes},
};
use stage_store::{Log, Recorded, StoreError};

use crate::delivering::{
    Learns, Outcome, Parcel, Recipient, event_of,
    texts::slack::{self as text, Facts},
};

/// Slack takes one message a second of a webhook, with short bursts.
const PACE: Duration = Duration::from_secs(1);

/// The name that deliveries about new stages are kept under.
const STAGE_CREATED: &str = "stage_created";

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

    /// Posts this when it is awaited.
    fn post<'a>(&'a self, delivery: &Delivery, headline: &str, facts: Facts) -> BoxFuture<'a, Outcome> {
        let key = delivery.id.to_string();
        // A new stage is told of by its name and the time alone.
        let small_print = match delivery.about.filter(|_| delivery.kind != STAGE_CREATED) {
            Some(about) => text::small_print(self.language, &about.to_string(), &key),
            None => key.clone(),
        };
        let message = SlackMessage { headline: headline.to_owned(), facts, small_print };
        Box::pin(async move { self.webhook.post(&key, &message).await })
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
                AccountEvent::AccountCorrected {
                    first_name, last_name, email, phone, phone_removed, ..
                } => {
                    let ours = [first_name, last_name, email, phone].iter().any(Option::is_some);
                    // The language is none of what is told.
                    match ours || phone_removed {
                        true => vec![tell("correction", AccountId(event.stream_id), true)],
                        false => vec![],
                    }
                }
                AccountEvent::AccountErased { .. } => {
                    // What a restriction kept back waits for nothing any more.
                    let release = News::Release(event.stream_id);
                    vec![release, tell("erasure", AccountId(event.stream_id), false)]
                }
                AccountEvent::RestrictionLifted { .. } => vec![News::Release(event.stream_id)],
                _ => vec![],
            },
            "stage" => match event.event()? {
                StageEvent::StageCreated { owner, .. } => vec![tell(STAGE_CREATED, owner, false)],
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
        let restricted = account.is_restricted();
        let objected = account.objections.contains(&Purpose::Recipients);
        let kind = delivery.kind.as_str();
        Ok(match kind {
            "registration" | "correction" | STAGE_CREATED if account.erased => Parcel::Withheld("erased"),
            "registration" | "correction" | STAGE_CREATED if restricted => Parcel::Withheld(RESTRICTED),
            "registration" if objected => Parcel::Withheld("objected"),
            "correction" if objected => {
                let Some(about) = delivery.about else { return Ok(Parcel::Withheld("nothing_to_tell")) };
                // Who has the data learns that it is wrong, and nothing new (Art. 19 and 21 GDPR).
                let facts = text::account(language, &about.to_string());
                let send = self.post(delivery, text::outdated(language), facts);
                Parcel::ForWhoKnows { subject: AccountId(about), learns: Learns::ThatItIsWrong, send }
            }
            "registration" | "correction" => {
                let Some(person) = known(&account) else { return Ok(Parcel::Withheld("erased")) };
                let facts = text::person(language, person, delivery.created_at);
                let subject = person.email.subject();
                match kind {
                    "correction" => {
                        let send = self.post(delivery, text::correction(language), facts);
                        Parcel::ForWhoKnows { subject, learns: Learns::WhatIsRight, send }
                    }
                    _ => Parcel::Ready(self.post(delivery, text::registration(language), facts)),
                }
            }
            "erasure" => match delivery.about {
                Some(subject) => {
                    let facts = text::account(language, &subject.to_string());
                    let send = self.post(delivery, text::erasure(language), facts);
                    Parcel::ForWhoKnows { subject: AccountId(subject), learns: Learns::ToForget, send }
                }
                None => Parcel::Withheld("nothing_to_tell"),
            },
            STAGE_CREATED => match event_of(delivery, log).await? {
                Some(StageEvent::StageCreated { name, at, .. }) => {
                    let facts = text::stage(language, &name, at);
                    Parcel::Ready(self.post(delivery, text::stage_created(language), facts))
                }
                _ => Parcel::Withheld("nothing_to_tell"),
            },
            _ => match text::alert(language, kind, delivery.detail.as_ref()) {
                Some((headline, facts)) => Parcel::Ready(self.post(delivery, &headline, facts)),
                None => Parcel::Withheld("nothing_to_tell"),
            },
        })
    }
}

/// The person, unless they were erased.
fn known(account: &Account) -> Option<&Person> {
    account.person.as_ref().filter(|person| person.email.known().is_some())
}
