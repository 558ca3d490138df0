use rstest::rstest;

use super::{PostText, RuleKind, found, post, rule};

#[rstest]
#[case("Freiwillige Feuerwehr", "Die freiwilligen Feuerwehren üben", "freiwilligen Feuerwehren")]
#[case("Freiwillige Feuerwehr", "Die freiwillige  »Feuerwehr«", "freiwillige  »Feuerwehr")]
#[case("Freiwillige Feuerwehr", "Die Feuerwehr, freiwillig", "")]
#[case("Freiwillige Feuerwehr", "freiwillige junge Feuerwehr", "")]
#[case("Freiwillige Feuerwehr", "Das war freiwillig. Feuerwehr kam", "")]
#[case("Freiwillige Feuerwehr", "Alles freiwillig, Feuerwehr kam", "")]
#[case("Freiwillige Feuerwehr", "freiwillig\nFeuerwehr", "")]
#[case("Freiwillige Feuerwehr", "freiwillig https://example.org Feuerwehr", "")]
#[case("1. Mai", "Am 1. Mai ist frei", "1. Mai")]
#[case("1. Mai", "Am 1.\nMai ist frei", "")]
#[case("1 Mai", "Am 1. Mai ist frei", "")]
#[case("Brot, Spiele", "Brot, Spiele", "Brot, Spiele")]
#[case("Corona Test", "Der Corona-Test kommt", "Corona-Test")]
#[case("E-Bike Tour", "Die E-Bike-Touren", "E-Bike-Touren")]
#[case("Bike Tour", "Eine E-Bike Tour", "E-Bike Tour")]
#[case("Tour", "Eine Tour", "Tour")]
#[case("a a b", "a a a b", "a a b")]
fn a_phrase_is_its_words_in_a_row(#[case] phrase: &str, #[case] text: &str, #[case] expected: &str) {
    let found = found(rule(RuleKind::Phrase, phrase), &post(text, Some("de")));
    assert_eq!(found, expected.split_terminator('|').collect::<Vec<_>>());
}

#[test]
fn a_phrase_does_not_go_from_the_title_into_the_text() {
    let phrase = || rule(RuleKind::Phrase, "Neuer Marktplatz");
    let apart = PostText { title: Some("Neuer"), ..post("Marktplatz", None) };
    assert!(found(phrase(), &apart).is_empty());
    let together = PostText { title: Some("Der neue Marktplatz"), ..post("x", None) };
    assert_eq!(found(phrase(), &together), ["neue Marktplatz"]);
}

#[test]
fn a_phrase_is_found_inside_one_category_only() {
    let categories = ["Neuer".to_owned(), "Marktplatz".to_owned(), "Der neue Marktplatz".to_owned()];
    let post = PostText { categories: &categories, ..post("", None) };
    assert_eq!(found(rule(RuleKind::Phrase, "neuer Marktplatz"), &post), ["neue Marktplatz"]);
}
