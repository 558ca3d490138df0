use async_trait::async_trait;
use stage_commands::accounts::RESET_LIFE;
use stage_domain::{Language, account::AccountEvent};
use stage_projections::ProjectionError;
use stage_store::{Recorded, StoreError};
use uuid::Uuid;

use super::{Addressee, Desk, Kind, Letter, account_event, greeting, unavailable};

/// Lets a person choose a new password.
pub(super) struct PasswordReset;

#[async_trait]
impl Kind for PasswordReset {
    fn name(&self) -> &'static str {
        "password_reset"
    }

    fn about(&self, event: &Recorded) -> Result<Option<Uuid>, StoreError> {
        let asked = matches!(account_event(event)?, Some(AccountEvent::PasswordResetRequested { .. }));
        Ok(asked.then_some(event.stream_id))
    }

    async fn write(&self, to: &Addressee<'_>, desk: &Desk) -> Result<Letter, ProjectionError> {
        let until = to.since + RESET_LIFE;
        if (desk.clock)() >= until {
            return Ok(Letter::NotNeeded("too_late"));
        }
        let token = desk.commands.reset_token(to.account, until).await.map_err(unavailable)?;
        let Some(token) = token else { return Ok(Letter::NotNeeded("no_password")) };
        let (subject, text) = text(to.person.language, &greeting(to), &desk.link("reset-password", &token));
        Ok(Letter::Written { subject: subject.to_owned(), text })
    }
}

fn text(language: Language, greeting: &str, link: &str) -> (&'static str, String) {
    match language {
        Language::En => (
            "Choose a new password",
            format!(
                "{greeting}\n\nsomebody, probably you, asks for a new password for your account. The link holds for \
                 an hour and once:\n\n{link}\n\nIf it was not you, do nothing: your password stays as it is.\n\nStage\n"
            ),
        ),
        Language::De => (
            "Wählen Sie ein neues Passwort",
            format!(
                "{greeting}\n\njemand, vermutlich Sie, möchte für Ihr Konto ein neues Passwort wählen. Der Link gilt \
                 eine Stunde und ein Mal:\n\n{link}\n\nWenn Sie das nicht waren, tun Sie nichts: Ihr Passwort bleibt, \
                 wie es ist.\n\nStage\n"
            ),
        ),
    }
}
