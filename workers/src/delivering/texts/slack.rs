use chrono::{DateTime, Utc};
use serde_json::Value;
use stage_domain::{Language, Personal, account::Person};

use super::time;

/// Names and their values.
pub(crate) type Facts = Vec<(String, String)>;

fn pick(language: Language, english: &'static str, german: &'static str) -> &'static str {
    match language {
        Language::En => english,
        Language::De => german,
    }
}

pub(crate) fn registration(language: Language) -> &'static str {
    pick(language, "New registration", "Neue Registrierung")
}

pub(crate) fn correction(language: Language) -> &'static str {
    pick(
        language,
        "Corrected data: please change what you have of this account",
        "Berichtigte Daten: Bitte ändern Sie, was Sie über dieses Konto haben",
    )
}

pub(crate) fn erasure(language: Language) -> &'static str {
    pick(
        language,
        "Erasure: please delete everything about this account, the messages here too",
        "Löschung: Bitte löschen Sie alles über dieses Konto, auch die Nachrichten hier",
    )
}

/// A correction, for who has the data of a person who objects to their having it.
pub(crate) fn outdated(language: Language) -> &'static str {
    pick(
        language,
        "Corrected data: what you have of this account is wrong now. The person objects to your use of it: please delete it",
        "Berichtigte Daten: Was Sie über dieses Konto haben, stimmt nicht mehr. Die Person widerspricht der Nutzung: Bitte \
         löschen Sie es",
    )
}

/// What is known of an account can be found by this, where the person is not named.
pub(crate) fn account(language: Language, account: &str) -> Facts {
    vec![(pick(language, "Account", "Konto").to_owned(), account.to_owned())]
}

pub(crate) fn stage_created(language: Language) -> &'static str {
    pick(language, "New stage", "Neue Stage")
}

pub(crate) fn person(language: Language, person: &Person, at: DateTime<Utc>) -> Facts {
    let value = |personal: &Personal<String>| personal.known().cloned().unwrap_or_default();
    let fact = |english, german, value| (pick(language, english, german).to_owned(), value);
    let mut facts = vec![
        fact("First name", "Vorname", value(&person.first_name)),
        fact("Last name", "Nachname", value(&person.last_name)),
        fact("E-mail", "E-Mail", value(&person.email)),
    ];
    if let Some(phone) = person.phone.as_ref().and_then(Personal::known) {
        facts.push(fact("Phone", "Telefon", phone.clone()));
    }
    facts.push(fact("Time", "Zeit", time(language, at)));
    facts
}

pub(crate) fn stage(language: Language, name: &str, at: DateTime<Utc>) -> Facts {
    vec![
        (pick(language, "Name", "Name").to_owned(), name.to_owned()),
        (pick(language, "Time", "Zeit").to_owned(), time(language, at)),
    ]
}

/// Under a message that has to do with a person: what it can be found by when they want it deleted.
pub(crate) fn small_print(language: Language, account: &str, delivery: &str) -> String {
    match language {
        Language::En => format!("Account {account} · message {delivery}"),
        Language::De => format!("Konto {account} · Nachricht {delivery}"),
    }
}

/// What is wrong with the system, and what to do. Nothing in it is about a person.
pub(crate) fn alert(language: Language, kind: &str, detail: Option<&Value>) -> Option<(String, Facts)> {
    let detail = detail?;
    let text = |name: &str| match &detail[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fact = |english, german, value: String| (pick(language, english, german).to_owned(), value);
    let remedy = |command: &str| fact("What to do", "Was zu tun ist", command.to_owned());
    Some(match kind {
        "projection_stopped" => (
            pick(language, "A part of Stage has stopped", "Ein Teil von Stage steht still").to_owned(),
            vec![
                fact("Part", "Teil", text("projection")),
                fact("At position", "An Position", text("position")),
                fact("Error", "Fehler", text("error")),
                remedy("stage projections status"),
            ],
        ),
        "deliveries_dead" => (
            pick(language, "Messages could not be delivered", "Nachrichten waren nicht zustellbar")
                .to_owned(),
            vec![
                fact("Recipient", "Empfänger", text("recipient")),
                fact("How many", "Wie viele", text("count")),
                remedy("stage outbox status"),
            ],
        ),
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;
    use stage_domain::AccountId;

    use super::*;

    #[test]
    fn a_registration_tells_the_four_things_agreed_on_and_the_time_in_each_language() {
        let personal = |value: &str| Personal::new(AccountId::default(), value.to_owned());
        let ada = |phone: Option<&str>| Person {
            first_name: personal("Ada"),
            last_name: personal("Lovelace"),
            email: personal("ada@example.org"),
            phone: phone.map(personal),
            language: Language::En,
        };
        let names = |language, phone| {
            let facts = person(language, &ada(phone), DateTime::UNIX_EPOCH);
            facts.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(
            names(Language::En, Some("030 1")),
            ["First name", "Last name", "E-mail", "Phone", "Time"]
        );
        assert_eq!(names(Language::De, None), ["Vorname", "Nachname", "E-Mail", "Zeit"]);
    }

    #[test]
    fn every_alert_says_what_to_do() {
        let stopped = json!({"projection": "feed", "position": 7, "error": "PostImported version 1: …"});
        let dead = json!({"recipient": "mail", "count": 2});
        for (kind, detail) in [("projection_stopped", &stopped), ("deliveries_dead", &dead)] {
            for language in [Language::En, Language::De] {
                let (_, facts) = alert(language, kind, Some(detail)).unwrap();
                assert!(facts.last().unwrap().1.starts_with("stage "));
            }
        }
        assert_eq!(alert(Language::En, "unheard_of", Some(&dead)), None);
    }
}
