//! What a person reads in their archive and in the receipt of their erasure, in each language.

use serde::Serialize;

/// One text in every language: who reads it later is not known here.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Text {
    pub(super) en: &'static str,
    pub(super) de: &'static str,
}

pub(super) const CONTRACT: Text = Text {
    en: "Art. 6(1)(b) GDPR: the contract with the person",
    de: "Art. 6 Abs. 1 Buchst. b DSGVO: der Vertrag mit der Person",
};

pub(super) const INTEREST: Text = Text {
    en: "Art. 6(1)(f) GDPR: the operator's interest in knowing who registers",
    de: "Art. 6 Abs. 1 Buchst. f DSGVO: das Interesse des Betreibers, zu erfahren, wer sich registriert",
};

pub(super) const WHO_SEES_AN_ACCOUNT: Text = Text {
    en: "the operator of this installation with the mail server that the operator has set up, and auditors whom the operator \
         let read personal data: each time is an event in events.ndjson",
    de: "der Betreiber dieser Installation mit dem Mailserver, den er eingerichtet hat, und Prüfer, denen er erlaubt hat, \
         personenbezogene Daten zu lesen: Jedes Mal ist ein Ereignis in events.ndjson",
};

pub(super) const WHO_IS_TOLD: Text = Text {
    en: "those whom the operator has set up, such as a Slack channel; nobody otherwise. recipients.json has those who were \
         told",
    de: "wen der Betreiber eingerichtet hat, etwa einen Kanal bei Slack; sonst niemand. In recipients.json steht, wer etwas \
         erfahren hat",
};

/// What a receipt means, a line each.
pub(super) const RECEIPT: Text = Text {
    en: "The key under which everything personal of this account was sealed is destroyed. Nobody can read it any more.",
    de: "Der Schlüssel, unter dem alles Personenbezogene dieses Kontos versiegelt war, ist vernichtet. Niemand kann es mehr lesen.",
};
