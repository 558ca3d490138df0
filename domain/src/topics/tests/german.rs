use rstest::rstest;

use super::{post, term};

#[rstest]
#[case("Haus Häuser Hauses Häusern Haeuser")]
#[case("Wald Wälder Waldes Wäldern")]
#[case("Buch Bücher Buches Büchern Buecher")]
#[case("Baum Bäume Baumes Bäumen")]
#[case("Veranstaltung Veranstaltungen")]
#[case("Fest Feste Festes Festen")]
#[case("Straßenfest Strassenfest STRASSENFEST Straßenfeste Straßenfesten")]
#[case("Stadtrat Stadträte Stadtrates Stadtrats Stadträten Stadtraete")]
#[case("Bürger Bürgers Bürgern Buerger BÜRGER")]
#[case("Bürgerhaus Bürgerhäuser Buergerhaeuser")]
#[case("Bürgerin Bürgerinnen Buergerinnen")]
#[case("Schule Schulen")]
#[case("Schüler Schülern Schülers")]
#[case("Kind Kinder Kindes Kindern")]
#[case("Gast Gäste Gästen")]
#[case("Stadt Städte Städten Staedte")]
#[case("Garten Gärten Gartens")]
#[case("Vater Väter Vätern")]
#[case("Apfel Äpfel Äpfeln Aepfel")]
#[case("Ofen Öfen")]
#[case("Museum Museen Museums")]
#[case("Jugendzentrum Jugendzentren")]
#[case("Thema Themen")]
#[case("Ministerium Ministerien")]
#[case("Jubiläum Jubiläen")]
#[case("Saal Säle Sälen")]
#[case("Bus Busse Bussen")]
#[case("Foto Fotos")]
#[case("Café Cafés Cafe")]
#[case("Party Partys")]
#[case("Event Events")]
#[case("Ergebnis Ergebnisse Ergebnissen Ergebnisses")]
#[case("Wohnung Wohnungen")]
#[case("Sicherheit Sicherheiten")]
#[case("Wochenende Wochenenden Wochenendes")]
#[case("freiwillig freiwillige freiwilligen freiwilliger")]
#[case("schön schöne schönes schönen")]
#[case("spielen spiele")]
#[case("Meister Meisters Meistern")]
#[case("Feuer Feuers")]
#[case("modern moderne modernen")]
#[case("Besucher Besuchers Besuchern")]
#[case("Topf Töpfe Töpfen")]
#[case("Steuer Steuern")]
#[case("neu neue neuer neues neuen")]
#[case("Statue Statuen")]
#[case("E-Bike E-Bikes e-bike Ebike")]
fn the_forms_of_a_word_meet(#[case] forms: &str) {
    for asked in forms.split(' ') {
        for written in forms.split(' ') {
            for language in [Some("de"), Some("de-DE"), None, Some("nl")] {
                assert!(term(asked, &post(written, language)), "{asked} finds {written} ({language:?})");
            }
        }
    }
}

#[rstest]
#[case("Bürger", "Burg Burgen Burger")]
#[case("Burg", "Bürger Burger Bürgern")]
#[case("Stadtrat", "Stadträtin Stadtrad")]
#[case("Sicherheit", "sich sicher")]
#[case("sicher", "sich")]
#[case("Meister", "meist meisten")]
#[case("schön", "schon")]
#[case("schon", "schöne schöner")]
#[case("Küche", "Kuchen")]
#[case("Lager", "Lage")]
#[case("Leben", "Leber")]
#[case("Schule", "Schüler Schülern")]
#[case("Veranstaltung", "Veranstalter veranstalten")]
#[case("Fest", "Straßenfest festlich")]
#[case("fordern", "fördern Förderung")]
#[case("Zeit", "Zeitung Zeitungen")]
#[case("Wette", "Wetter")]
#[case("Bau", "Bauer Bauern")]
#[case("Öl", "Ol Öle")]
#[case("Ostern", "Osten Ost")]
#[case("modern", "Mode Moden")]
#[case("Töpfer", "Töpfe Topf")]
#[case("Maler", "mal male")]
#[case("Besucher", "Besuch besuchen")]
#[case("Gründer", "Gründe Grund")]
#[case("Märchen", "March")]
#[case("nächste", "nach")]
#[case("Trauer", "trauen traut")]
#[case("Haus", "Hau hauen")]
#[case("Markt", "Mark Marke")]
fn other_words_do_not_meet(#[case] asked: &str, #[case] written: &str) {
    for written in written.split(' ') {
        assert!(!term(asked, &post(written, Some("de"))), "{asked} finds {written}");
    }
}

#[rstest]
#[case("Bürger", "Liebe Bürger:innen,")]
#[case("Bürgerin", "Liebe Bürger*innen")]
#[case("Bürgerinnen", "Liebe BürgerInnen")]
#[case("Bürger:innen", "Liebe Bürgerinnen")]
#[case("Bürger:innen", "Liebe Bürger")]
#[case("Bürger", "Liebe Bürger/-innen")]
fn words_that_name_both_sexes_are_both(#[case] asked: &str, #[case] written: &str) {
    assert!(term(asked, &post(written, Some("de"))));
}

#[rstest]
#[case("Bike", "Ein E-Bike", true)]
#[case("E-Bike", "Zwei E-Bikes", true)]
#[case("E-Bike", "Ein E Bike", false)]
#[case("E-Bike", "Die E-Bike-Tour", true)]
#[case("Test", "Corona-Tests", true)]
#[case("Coronatest", "Corona-Tests", true)]
#[case("Corona-Test", "Coronatests", true)]
#[case("Corona-Test", "Ein Test", false)]
#[case("Vorteil", "Vor- und Nachteile", false)]
#[case("2026", "Am 1. Mai 2026.", true)]
#[case("2026", "20261", false)]
#[case("EU", "Die EU!", true)]
#[case("R&B", "Ein R&B-Abend", true)]
#[case("Fest", "mehr auf fest.example.org", false)]
#[case("Fest", "https://example.org/fest", false)]
#[case("Fest", "fest@example.org", false)]
#[case("Fest", "Das Fest.Am Samstag", true)]
#[case("Oma", "Oma's Garten", true)]
fn words_stand_where_readers_see_them(#[case] asked: &str, #[case] text: &str, #[case] expected: bool) {
    assert_eq!(term(asked, &post(text, Some("de"))), expected);
}

#[rstest]
#[case("spielen", "spielt spielte spielten spieltest gespielt gespieltes spielend spielende")]
#[case("feiern", "feiert feierte gefeiert gefeierten")]
#[case("arbeiten", "arbeitet arbeitete gearbeitet")]
#[case("eröffnen", "eröffnet eröffnete eroeffnet eröffneten")]
#[case("absagen", "abgesagt abgesagte abzusagen absagt")]
#[case("informieren", "informiert informierte")]
#[case("gehen", "geht ging gingen gegangen")]
#[case("teilnehmen", "teilnimmt teilgenommen teilzunehmen teilnahmen")]
#[case("schließen", "schließt geschlossen geschlossene")]
#[case("Feste feiern", "Feste gefeiert")]
fn the_infinitive_of_a_rule_finds_the_forms_of_the_verb(#[case] asked: &str, #[case] written: &str) {
    let written: Vec<&str> = if asked.contains(' ') { vec![written] } else { written.split(' ').collect() };
    for written in written {
        for language in [Some("de"), None] {
            assert!(term(asked, &post(written, language)), "{asked} finds {written} ({language:?})");
        }
    }
}

#[rstest]
#[case("Marken", "Markt", "de")]
#[case("hafen", "Haft", "de")]
#[case("ofen", "oft", "de")]
#[case("schließen", "Schloss Schlösser", "de")]
#[case("Fahrten", "gefahrt", "de")]
#[case("helfen", "half", "en")]
fn no_form_of_a_verb_is_found_where_none_is_meant(
    #[case] asked: &str,
    #[case] written: &str,
    #[case] language: &str,
) {
    for written in written.split(' ') {
        assert!(!term(asked, &post(written, Some(language))), "{asked} finds {written}");
    }
}
