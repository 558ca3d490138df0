use stage_domain::{Language, account::AccountEvent};

use super::{To, notice::Notice};

/// To the address that was there before, in case it was not they who changed it. The new one is not told: whoever reads the
/// old one need not be the person any more.
pub(super) const EMAIL_CHANGED: Notice = Notice {
    name: "email_changed",
    to: To::Former,
    because: |event| matches!(event, AccountEvent::AccountCorrected { email: Some(_), .. }),
    text,
};

fn text(language: Language, place: &str) -> (&'static str, String) {
    match language {
        Language::En => (
            "Your e-mail address was changed",
            format!(
                "your account at {place} has another e-mail address from now on; this is the last mail to this one. If \
                 it was not you, log in there, end all other sessions, and choose a new password at once. If you can't \
                 log in any more, write to the operator."
            ),
        ),
        Language::De => (
            "Ihre E-Mail-Adresse wurde geändert",
            format!(
                "Ihr Konto bei {place} hat ab jetzt eine andere E-Mail-Adresse; dies ist die letzte Mail an diese hier. \
                 Wenn Sie das nicht waren, melden Sie sich dort an, beenden Sie alle anderen Sitzungen und wählen Sie \
                 sofort ein neues Passwort. Wenn Sie sich nicht mehr anmelden können, schreiben Sie dem Betreiber."
            ),
        ),
    }
}
