use stage_domain::{Language, account::AccountEvent};

use super::{To, notice::Notice};

/// In case it was not they who did.
pub(super) const PASSWORD_CHANGED: Notice = Notice {
    name: "password_changed",
    to: To::Present,
    because: |event| matches!(event, AccountEvent::PasswordChanged { .. }),
    text,
};

fn text(language: Language, place: &str) -> (&'static str, String) {
    match language {
        Language::En => (
            "Your password was changed",
            format!(
                "the password of your account at {place} was changed, and its other sessions were ended. If it was not \
                 you, choose a new password there at once."
            ),
        ),
        Language::De => (
            "Ihr Passwort wurde geändert",
            format!(
                "das Passwort Ihres Kontos bei {place} wurde geändert, die anderen Sitzungen sind beendet. Wenn Sie das \
                 nicht waren, wählen Sie dort sofort ein neues Passwort."
            ),
        ),
    }
}
