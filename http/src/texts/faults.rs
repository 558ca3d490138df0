use stage_domain::Language;

/// In German: the code and its text. `{0}` and `{1}` stand for the numbers of the English text.
const GERMAN: &[(&str, &str)] = &[
    ("required", "darf nicht fehlen und nicht leer sein"),
    ("too_long", "darf höchstens {0} Zeichen haben"),
    ("too_short", "muss mindestens {0} Zeichen haben"),
    ("control_characters", "darf keine Steuerzeichen enthalten"),
    ("wrong_type", "hat den falschen Typ"),
    ("unknown_field", "ist hier nicht bekannt"),
    ("unknown_parameter", "ist hier kein Parameter"),
    ("repeated", "darf nur einmal vorkommen"),
    ("not_allowed", "ist keiner der erlaubten Werte"),
    ("out_of_range", "muss zwischen {0} und {1} liegen"),
    ("too_many", "darf höchstens {0} Einträge haben"),
    ("too_few", "muss mindestens {0} Einträge haben"),
    ("wrong_form", "hat nicht die verlangte Form"),
    ("not_a_day", "muss ein Tag wie 2026-11-25 sein"),
    ("after_the_end", "darf nicht nach `to` liegen"),
    ("too_many_days", "darf höchstens {0} Tage vor `to` liegen"),
    ("not_a_time", "muss ein Zeitpunkt wie 2026-11-25T09:00:00Z sein"),
    ("not_a_language", "muss das Kürzel einer Sprache sein, etwa de oder en-GB"),
    ("not_a_uuid", "muss eine UUID sein"),
    ("not_an_email", "muss eine E-Mail-Adresse sein"),
    ("not_a_phone_number", "muss eine Telefonnummer sein"),
    (
        "not_a_handle",
        "muss {0} bis {1} Buchstaben a-z, Ziffern oder Bindestriche haben, keinen davon am Rand",
    ),
    ("reserved", "ist vergeben; bitte einen anderen wählen"),
    ("taken", "ist vergeben"),
    ("not_a_feed_address", "muss eine Adresse wie https://example.org/feed.xml sein"),
    ("one_word", "muss ein einzelnes Wort sein; für mehrere gibt es Wortfolgen"),
    ("no_word", "muss einen Buchstaben oder eine Ziffer enthalten"),
    ("not_a_word", "muss ein einzelnes Wort mit einem Buchstaben oder einer Ziffer sein, und keine Adresse"),
    ("not_a_phrase", "muss einen Buchstaben oder eine Ziffer enthalten, und mehr als Adressen"),
    ("not_a_hashtag", "muss aus Buchstaben, Ziffern und Unterstrichen bestehen, nicht aus Ziffern allein"),
    ("hashtag", "muss aus Buchstaben, Ziffern und Unterstrichen bestehen, nicht aus Ziffern allein"),
    ("address", "muss ein Wort enthalten; Web- und Mailadressen sind keine Wörter"),
    ("malformed", "ist kein gültiges JSON (Zeile {0}, Spalte {1})"),
    ("not_utf8", "ist kein gültiges UTF-8"),
    ("too_large", "darf höchstens {0} Bytes haben"),
    ("unknown_topic", "ist kein Thema dieser Stage"),
    ("no_such_topic", "muss ein Thema dieser Stage sein"),
    ("unknown_cursor", "ist keine Marke, die wir vergeben haben"),
    ("no_event", "ist nicht die Position eines Ereignisses"),
    ("not_signed", "ist noch in keinem Prüfpunkt"),
    ("no_such_size", "muss zwischen {0} und {1} liegen"),
    ("not_an_event_type", "muss die Art eines Ereignisses sein, etwa PostImported"),
    ("not_a_stream", "muss ein Strom wie stage/<id> sein"),
    ("not_a_moment", "muss eine Position sein oder eine Zeit wie 2026-11-25T12:00:00Z"),
    ("reused", "wurde schon für eine andere Anfrage verwendet; bitte einen neuen wählen"),
    ("weak", "muss eine starke Marke sein, ohne W/"),
    ("too_common", "ist zu verbreitet; bitte ein anderes wählen"),
    ("wrong_code", "ist kein Code, den die App jetzt zeigt"),
    (
        "wrong_factor",
        "ist weder ein Code, den die App jetzt zeigt, noch ein Wiederherstellungscode, oder wurde schon benutzt",
    ),
    ("not_valid", "gilt nicht oder nicht mehr; bitte eine neue Mail anfordern"),
    ("wrong", "ist nicht das jetzige Passwort"),
    ("too_weak", "ist zu leicht zu erraten; bitte ein anderes wählen"),
];

/// What is wrong with a field. English is what the rule itself says.
pub(crate) fn fault(code: &str, english: &str, language: Language) -> String {
    let german = GERMAN.iter().find(|(key, _)| *key == code).map(|(_, text)| *text);
    match (language, german) {
        (Language::De, Some(text)) => numbers(english)
            .enumerate()
            .fold(text.to_owned(), |text, (index, number)| text.replace(&format!("{{{index}}}"), number)),
        _ => english.to_owned(),
    }
}

/// The whole numbers in a text, in order.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_keeps_its_numbers_in_german() {
        let text = fault("out_of_range", "must be 5 to 10080 minutes", Language::De);
        assert_eq!(text, "muss zwischen 5 und 10080 liegen");
        assert_eq!(
            fault("too_long", "must have at most 7 characters", Language::En),
            "must have at most 7 characters"
        );
        assert_eq!(fault("something_new", "is new", Language::De), "is new");
    }
}
