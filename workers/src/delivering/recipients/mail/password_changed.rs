use async_trait::async_trait;
use stage_domain::{Language, account::AccountEvent};
use stage_projections::ProjectionError;
use stage_store::{Recorded, StoreError};
use uuid::Uuid;

use super::{Addressee, Desk, Kind, Letter, account_event, greeting};

/// Tells a person that their password was changed, in case it was not they who did.
pub(super) struct PasswordChanged;

#[async_trait]
impl Kind for PasswordChanged {
    fn name(&self) -> &'static str {
        "password_changed"
    }

    fn about(&self, event: &Recorded) -> Result<Option<Uuid>, StoreError> {
        let changed = matches!(account_event(event)?, Some(AccountEvent::PasswordChanged { .. }));
        Ok(changed.then_some(event.stream_id))
    }

    async fn write(&self, to: &Addressee<'_>, desk: &Desk) -> Result<Letter, ProjectionError> {
        let (subject, text) = text(to.person.language, &greeting(to), desk.public_url.as_str());
        Ok(Letter::Written { subject: subject.to_owned(), text })
    }
}

fn text(language: Language, greeting: &str, place: &str) -> (&'static str, String) {
    match language {
        Language::En => (
            "Your password was changed",
            format!(
                "{greeting}\n\nthe password of your account at {place} was changed, and its other sessions were ended. \
                 If it was not you, choose a new password there at once.\n\nStage\n"
            ),
        ),
        Language::De => (
            "Ihr Passwort wurde geändert",
            format!(
                "{greeting}\n\ndas Passwort Ihres Kontos bei {place} wurde geändert, die anderen Sitzungen sind beendet. \
                 Wenn Sie das nicht waren, wählen Sie dort sofort ein neues Passwort.\n\nStage\n"
            ),
        ),
    }
}
