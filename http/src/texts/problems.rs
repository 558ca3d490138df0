use stage_commands::Missing;
use stage_domain::Language;

use crate::problem::Kind;

pub(crate) struct ProblemText {
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
}

pub(crate) fn problem(kind: Kind, language: Language) -> ProblemText {
    let (title, detail) = match language {
        Language::En => english(kind),
        Language::De => german(kind),
    };
    ProblemText { title, detail }
}

fn english(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Malformed => ("The request cannot be read", "Check how the request is written."),
        Kind::BadHeader => ("A header cannot be read", "See the errors for the header and its form."),
        Kind::NotLoggedIn => ("Not logged in", "Log in first: POST /api/v1/session."),
        Kind::WrongCredentials => ("Wrong credentials", "The e-mail address or the password is wrong."),
        Kind::SecondFactorMissing => (
            "A second factor is needed",
            "Send the code that your authenticator app shows, or a recovery code, as `code` too.",
        ),
        Kind::SecondFactorWrong => {
            ("Wrong code", "The code is wrong, too old, or was used before. Wait for the app's next one.")
        }
        Kind::NotAnAuditor => (
            "Not an auditor",
            "Send the token of an auditor: Authorization: Bearer …; an operator gives it out.",
        ),
        Kind::Scope => {
            ("Not within the token's scope", "Personal values need a token with the scope read-personal.")
        }
        Kind::Xsrf => (
            "The XSRF token is missing or wrong",
            "Send the cookie XSRF-TOKEN again as the header X-XSRF-TOKEN.",
        ),
        Kind::ForeignOrigin => ("Not from this site", "Changes are taken from this site's own pages only."),
        Kind::Role => ("Not within your role", "Ask an owner of the stage for a role that allows this."),
        Kind::NotFound => ("Not found", "There is nothing at this address."),
        Kind::MethodNotAllowed => ("This method is not possible here", "See the header Allow."),
        Kind::Taken => ("Already taken", "Choose another value for the field named."),
        Kind::Refused => ("Not possible now", "What it is about is not in a state that allows this."),
        Kind::Busy => ("Changed by others at the same time", "Try again."),
        Kind::Version => ("Changed meanwhile", "Read it again, then repeat the change on what it is now."),
        Kind::TooLarge => ("Too large", "Send less."),
        Kind::UnsupportedMediaType => {
            ("Content of this type is not taken", "See the documentation for the types.")
        }
        Kind::Validation => ("Some values are not valid", "See the errors, field by field."),
        Kind::KeyReused => ("Idempotency-Key used before", "This key was sent with another request."),
        Kind::RateLimited => ("Too many attempts", "Wait as long as the header Retry-After says."),
        Kind::Internal => ("Something went wrong here", "It is not your fault. Try again later."),
        Kind::Unavailable => ("Not available just now", "Try again in a moment."),
        Kind::Behind => {
            ("Not there yet", "The position waited for is not readable yet. Try again in a moment.")
        }
        Kind::TimedOut => ("It took too long", "Try again in a moment."),
    }
}

fn german(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Malformed => ("Die Anfrage ist nicht lesbar", "Bitte prüfen, wie die Anfrage geschrieben ist."),
        Kind::BadHeader => {
            ("Eine Kopfzeile ist nicht lesbar", "Die Fehlerliste nennt die Kopfzeile und ihre Form.")
        }
        Kind::NotLoggedIn => ("Nicht angemeldet", "Bitte zuerst anmelden: POST /api/v1/session."),
        Kind::WrongCredentials => {
            ("Falsche Zugangsdaten", "Die E-Mail-Adresse oder das Passwort ist falsch.")
        }
        Kind::SecondFactorMissing => (
            "Ein zweiter Faktor fehlt",
            "Bitte auch den Code aus der Authenticator-App oder einen Notfallcode als `code` mitschicken.",
        ),
        Kind::SecondFactorWrong => (
            "Falscher Code",
            "Der Code ist falsch, zu alt oder schon benutzt. Bitte auf den nächsten der App warten.",
        ),
        Kind::NotAnAuditor => (
            "Kein Prüfzugang",
            "Bitte das Token eines Prüfzugangs mitschicken: Authorization: Bearer …; es kommt vom Betreiber.",
        ),
        Kind::Scope => (
            "Dafür reicht das Token nicht",
            "Für personenbezogene Werte braucht das Token den Umfang read-personal.",
        ),
        Kind::Xsrf => (
            "Das XSRF-Token fehlt oder ist falsch",
            "Das Cookie XSRF-TOKEN muss als Kopfzeile X-XSRF-TOKEN mitgeschickt werden.",
        ),
        Kind::ForeignOrigin => {
            ("Nicht von dieser Seite", "Änderungen sind nur von den eigenen Seiten aus möglich.")
        }
        Kind::Role => (
            "Dafür reicht Ihre Rolle nicht",
            "Bitte eine Eigentümerin oder einen Eigentümer der Stage um eine Rolle, die das erlaubt.",
        ),
        Kind::NotFound => ("Nicht gefunden", "Unter dieser Adresse gibt es nichts."),
        Kind::MethodNotAllowed => {
            ("Diese Methode ist hier nicht möglich", "Die Kopfzeile Allow nennt die möglichen.")
        }
        Kind::Taken => ("Schon vergeben", "Bitte für das genannte Feld einen anderen Wert wählen."),
        Kind::Refused => ("Jetzt nicht möglich", "Der Zustand dessen, worum es geht, lässt das nicht zu."),
        Kind::Busy => ("Gleichzeitig von anderen geändert", "Bitte noch einmal versuchen."),
        Kind::Version => {
            ("Inzwischen geändert", "Bitte neu lesen und die Änderung auf dem jetzigen Stand wiederholen.")
        }
        Kind::TooLarge => ("Zu groß", "Bitte weniger schicken."),
        Kind::UnsupportedMediaType => {
            ("Inhalte dieser Art werden nicht angenommen", "Die Dokumentation nennt die möglichen Arten.")
        }
        Kind::Validation => ("Einige Werte sind nicht gültig", "Die Fehlerliste nennt sie Feld für Feld."),
        Kind::KeyReused => {
            ("Idempotency-Key schon verwendet", "Dieser Schlüssel gehört zu einer anderen Anfrage.")
        }
        Kind::RateLimited => {
            ("Zu viele Versuche", "Bitte so lange warten, wie die Kopfzeile Retry-After sagt.")
        }
        Kind::Internal => {
            ("Hier ist etwas schiefgegangen", "Es liegt nicht an Ihnen. Bitte später noch einmal.")
        }
        Kind::Unavailable => ("Gerade nicht erreichbar", "Bitte gleich noch einmal versuchen."),
        Kind::Behind => (
            "Noch nicht so weit",
            "Die Position, auf die gewartet wird, ist noch nicht lesbar. Bitte gleich noch einmal versuchen.",
        ),
        Kind::TimedOut => ("Es hat zu lange gedauert", "Bitte gleich noch einmal versuchen."),
    }
}

/// What is not there.
pub(crate) fn missing(what: Missing, language: Language) -> &'static str {
    let (english, german) = match what {
        Missing::Account => ("There is no such account.", "Dieses Konto gibt es nicht."),
        Missing::Stage => ("There is no such stage.", "Diese Stage gibt es nicht."),
        Missing::Topic => ("There is no such topic.", "Dieses Thema gibt es nicht."),
        Missing::Source => ("There is no such source.", "Diese Quelle gibt es nicht."),
        Missing::Post => ("There is no such post.", "Diesen Beitrag gibt es nicht."),
        Missing::Media => ("There is no such file.", "Diese Datei gibt es nicht."),
        Missing::Session => ("There is no such session.", "Diese Sitzung gibt es nicht."),
        Missing::Stream => (
            "There is no such stream, or there was none then.",
            "Diesen Strom gibt es nicht, oder es gab ihn damals nicht.",
        ),
        Missing::Member => ("The stage has no such member.", "Die Stage hat kein solches Mitglied."),
        Missing::Invitation => (
            "There is no such invitation, or not any more.",
            "Diese Einladung gibt es nicht oder nicht mehr.",
        ),
        Missing::Auditor => ("There is no such auditor.", "Diesen Prüfzugang gibt es nicht."),
    };
    match language {
        Language::En => english,
        Language::De => german,
    }
}

/// Sentences of the business in German.
const SENTENCES: &[(&str, &str)] = &[
    ("this stage exists already", "Diese Stage gibt es schon."),
    ("the stage has a topic of that name already", "Die Stage hat schon ein Thema dieses Namens."),
    (
        "the stage has as many topics as it can have (100)",
        "Die Stage hat so viele Themen, wie sie haben kann (100).",
    ),
    ("you are a member of this stage already", "Sie gehören schon zu dieser Stage."),
    (
        "a stage needs an owner; make somebody else one first",
        "Eine Stage braucht eine Eigentümerin oder einen Eigentümer. Bitte zuerst jemand anderen dazu machen.",
    ),
    (
        "the stage has as many members and open invitations as it can have (100)",
        "Die Stage hat so viele Mitglieder und offene Einladungen, wie sie haben kann (100).",
    ),
    (
        "the stage has invited as many people as it can in a day (50)",
        "Die Stage hat so viele Menschen eingeladen, wie sie an einem Tag kann (50).",
    ),
    (
        "the stage has as many files as it can have (200)",
        "Die Stage hat so viele Dateien, wie sie haben kann (200).",
    ),
    (
        "the second factor is on already; turn it off first",
        "Der zweite Faktor ist schon an. Bitte zuerst ausschalten.",
    ),
    ("the second factor is not on", "Der zweite Faktor ist nicht an."),
    (
        "no authenticator app was told a secret within the last hour; begin anew",
        "In der letzten Stunde hat keine Authenticator-App ein Geheimnis bekommen. Bitte neu beginnen.",
    ),
    ("this source is linked already", "Diese Quelle ist schon verknüpft."),
    (
        "a mail was sent a moment ago; wait a minute before you ask for another",
        "Gerade wurde eine Mail verschickt. Bitte eine Minute warten, bevor Sie eine weitere anfordern.",
    ),
    ("the account has another e-mail address by now", "Das Konto hat inzwischen eine andere E-Mail-Adresse."),
];

/// A refusal of the business as a sentence; in English where the catalogue does not know it.
pub(crate) fn sentence(english: &str, language: Language) -> String {
    if language == Language::De
        && let Some((_, german)) = SENTENCES.iter().find(|(key, _)| *key == english)
    {
        return (*german).to_owned();
    }
    let mut chars = english.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if english.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_its_own_words_in_each_language() {
        for kind in Kind::ALL {
            let (english, german) = (problem(kind, Language::En), problem(kind, Language::De));
            assert_ne!(english.title, german.title, "{kind:?}");
            assert_ne!(english.detail, german.detail, "{kind:?}");
        }
    }

    #[test]
    fn every_refusal_of_a_stage_is_known_in_german() {
        use stage_domain::stage::StageError;
        for refusal in [
            StageError::AlreadyCreated,
            StageError::TopicNameTaken,
            StageError::TooManyTopics,
            StageError::TooManyMedia,
            StageError::AlreadyMember,
            StageError::LastOwner,
            StageError::TooManyMembers,
            StageError::TooManyInvitations,
        ] {
            let english = refusal.to_string();
            assert_ne!(sentence(&english, Language::De), sentence(&english, Language::En));
        }
    }
}
