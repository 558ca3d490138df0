use async_trait::async_trait;
use stage_commands::accounts::VERIFICATION_LIFE;
use stage_domain::{Language, account::AccountEvent};
use stage_projections::ProjectionError;
use stage_store::{Recorded, StoreError};
use uuid::Uuid;

use super::{Addressee, Desk, Kind, Letter, account_event, greeting};

/// Asks a person to show that mails to their address reach them.
pub(super) struct Verification;

#[async_trait]
impl Kind for Verification {
    fn name(&self) -> &'static str {
        "verification"
    }

    fn about(&self, event: &Recorded) -> Result<Option<Uuid>, StoreError> {
        Ok(match account_event(event)? {
            Some(
                AccountEvent::AccountRegistered { .. }
                | AccountEvent::EmailVerificationRequested { .. }
                | AccountEvent::AccountCorrected { email: Some(_), .. },
            ) => Some(event.stream_id),
            _ => None,
        })
    }

    async fn write(&self, to: &Addressee<'_>, desk: &Desk) -> Result<Letter, ProjectionError> {
        if to.email_verified {
            return Ok(Letter::NotNeeded("already_verified"));
        }
        let until = to.since + VERIFICATION_LIFE;
        let link = desk.link("verify-email", &desk.commands.verification_token(to.account, to.email, until));
        let (subject, text) = text(to.person.language, &greeting(to), &link);
        Ok(Letter::Written { subject: subject.to_owned(), text })
    }
}

fn text(language: Language, greeting: &str, link: &str) -> (&'static str, String) {
    match language {
        Language::En => (
            "Please confirm your e-mail address",
            format!(
                "{greeting}\n\nplease confirm that this e-mail address is yours. The link holds for two days:\n\n\
                 {link}\n\nIf you have not registered with us, do nothing: without the link nobody can confirm \
                 it.\n\nStage\n"
            ),
        ),
        Language::De => (
            "Bitte bestätigen Sie Ihre E-Mail-Adresse",
            format!(
                "{greeting}\n\nbitte bestätigen Sie, dass diese E-Mail-Adresse Ihnen gehört. Der Link gilt zwei \
                 Tage:\n\n{link}\n\nWenn Sie sich nicht bei uns registriert haben, tun Sie nichts: Ohne den Link \
                 kann sie niemand bestätigen.\n\nStage\n"
            ),
        ),
    }
}
