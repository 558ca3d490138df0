use stage_domain::Language;

/// The words of the pages that links in mails lead to.
pub(crate) struct Links {
    pub(crate) verify: &'static str,
    pub(crate) verify_button: &'static str,
    pub(crate) verified: &'static str,
    pub(crate) reset: &'static str,
    pub(crate) new_password: &'static str,
    pub(crate) reset_button: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) accept: &'static str,
    pub(crate) accept_button: &'static str,
    pub(crate) accepted: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) script: &'static str,
}

pub(crate) fn links(language: Language) -> Links {
    match language {
        Language::En => Links {
            verify: "Confirm your e-mail address",
            verify_button: "This address is mine",
            verified: "Thank you, the address is confirmed.",
            reset: "Choose a new password",
            new_password: "New password, at least 12 characters",
            reset_button: "Change the password",
            changed: "Your password is changed, and all sessions have ended. Log in with the new one.",
            accept: "Join the team of a stage",
            accept_button: "Join with the account I am logged in with",
            accepted: "Welcome: the stage is among yours now.",
            failed: "The server did not answer. Please try again.",
            script: "This page needs JavaScript, so that the link's secret stays in your browser.",
        },
        Language::De => Links {
            verify: "E-Mail-Adresse bestätigen",
            verify_button: "Diese Adresse gehört mir",
            verified: "Danke, die Adresse ist bestätigt.",
            reset: "Neues Passwort wählen",
            new_password: "Neues Passwort, mindestens 12 Zeichen",
            reset_button: "Passwort ändern",
            changed: "Ihr Passwort ist geändert, alle Sitzungen sind beendet. Melden Sie sich mit dem neuen an.",
            accept: "Dem Team einer Stage beitreten",
            accept_button: "Mit dem Konto beitreten, mit dem ich angemeldet bin",
            accepted: "Willkommen: Die Stage gehört jetzt zu Ihren.",
            failed: "Der Server hat nicht geantwortet. Bitte versuchen Sie es noch einmal.",
            script: "Diese Seite braucht JavaScript, damit das Geheimnis des Links in Ihrem Browser bleibt.",
        },
    }
}
