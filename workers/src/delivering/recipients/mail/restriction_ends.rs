use stage_domain::{Language, account::AccountEvent};

use super::{To, notice::Notice};

/// The name that its deliveries are kept under.
pub(crate) const NAME: &str = "restriction_ends";

/// Before it does (Art. 18(3) GDPR).
pub(super) const RESTRICTION_ENDS: Notice = Notice {
    name: NAME,
    to: To::Present,
    because: |event| matches!(event, AccountEvent::RestrictionLiftAnnounced { .. }),
    text,
};

fn text(language: Language, place: &str) -> (&'static str, String) {
    match language {
        Language::En => (
            "The restriction of your data ends",
            format!(
                "as you asked, the restriction of your data at {place} ends in a moment: your stages are shown and your \
                 sources polled again, and the operator's recipients are told again what they may be."
            ),
        ),
        Language::De => (
            "Die Einschränkung Ihrer Daten endet",
            format!(
                "wie Sie es verlangt haben, endet gleich die Einschränkung Ihrer Daten bei {place}: Ihre Stages werden \
                 wieder gezeigt, Ihre Quellen wieder abgefragt, und die Empfänger des Betreibers erfahren wieder, was \
                 sie erfahren dürfen."
            ),
        ),
    }
}
