use async_trait::async_trait;
use stage_domain::{Language, account::AccountEvent};
use stage_projections::ProjectionError;
use stage_store::{Recorded, StoreError};
use uuid::Uuid;

use super::{Addressee, Desk, Kind, Letter, To, account_event, greeting};

/// A mail that tells a person of something that happened to their account, and holds no link of its own.
pub(super) struct Notice {
    /// For ever: rows are kept under it.
    pub(super) name: &'static str,
    pub(super) to: To,
    /// Whether it is sent because of this event.
    pub(super) because: fn(&AccountEvent) -> bool,
    /// Subject and text, behind the greeting. `place` is where people reach the program.
    pub(super) text: fn(Language, place: &str) -> (&'static str, String),
}

fn nameless_greeting(language: Language) -> &'static str {
    match language {
        Language::En => "Hello,",
        Language::De => "Guten Tag,",
    }
}

#[async_trait]
impl Kind for Notice {
    fn name(&self) -> &'static str {
        self.name
    }

    fn to(&self) -> To {
        self.to
    }

    fn about(&self, event: &Recorded) -> Result<Option<Uuid>, StoreError> {
        let happened = account_event(event)?.is_some_and(|event| (self.because)(&event));
        Ok(happened.then_some(event.stream_id))
    }

    async fn write(&self, to: &Addressee<'_>, desk: &Desk) -> Result<Letter, ProjectionError> {
        let (subject, text) = (self.text)(to.person.language, desk.public_url.as_str());
        let greeting = match self.to {
            To::Present => greeting(to),
            // Whoever reads it may be somebody else by now.
            To::Former => nameless_greeting(to.person.language).to_owned(),
        };
        let text = format!("{greeting}\n\n{text}\n\nStage\n");
        Ok(Letter::Written { subject: subject.to_owned(), text })
    }
}
