use async_trait::async_trait;
use stage_domain::{Language, account::AccountEvent};
use stage_projections::ProjectionError;
use stage_store::{Recorded, StoreError};
use uuid::Uuid;

use super::{Addressee, Desk, Kind, Letter, account_event, greeting};

/// Tells a person that the restriction of their data ends, before it does (Art. 18(3) GDPR).
pub(super) struct RestrictionEnds;

/// The name that its deliveries are kept under.
pub(crate) const NAME: &str = "restriction_ends";

#[async_trait]
impl Kind for RestrictionEnds {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self, event: &Recorded) -> Result<Option<Uuid>, StoreError> {
        let ends = matches!(account_event(event)?, Some(AccountEvent::RestrictionLiftAnnounced { .. }));
        Ok(ends.then_some(event.stream_id))
    }

    async fn write(&self, to: &Addressee<'_>, desk: &Desk) -> Result<Letter, ProjectionError> {
        let (subject, text) = text(to.person.language, &greeting(to), desk.public_url.as_str());
        Ok(Letter::Written { subject: subject.to_owned(), text })
    }
}

fn text(language: Language, greeting: &str, place: &str) -> (&'static str, String) {
    match language {
        Language::En => (
            "The restriction of your data ends",
            format!(
                "{greeting}\n\nas you asked, the restriction of your data at {place} ends in a moment: your stages are \
                 shown and your sources polled again, and the operator's recipients are told again what they may \
                 be.\n\nStage\n"
            ),
        ),
        Language::De => (
            "Die Einschränkung Ihrer Daten endet",
            format!(
                "{greeting}\n\nwie Sie es verlangt haben, endet gleich die Einschränkung Ihrer Daten bei {place}: Ihre \
                 Stages werden wieder gezeigt, Ihre Quellen wieder abgefragt, und die Empfänger des Betreibers \
                 erfahren wieder, was sie erfahren dürfen.\n\nStage\n"
            ),
        ),
    }
}
