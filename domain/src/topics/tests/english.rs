use rstest::rstest;

use super::{post, term};

#[rstest]
#[case("city cities")]
#[case("run runs running ran")]
#[case("child children children's")]
#[case("mayor mayors mayor's Mayors’")]
#[case("church churches")]
#[case("woman women")]
#[case("fireman firemen")]
#[case("university universities")]
#[case("department departments")]
#[case("business businesses")]
#[case("library libraries")]
#[case("hold holds held holding")]
#[case("meet meets met")]
#[case("blue blues")]
#[case("value values valued")]
#[case("hero heroes")]
#[case("café cafes")]
fn the_forms_of_a_word_meet(#[case] forms: &str) {
    for asked in forms.split(' ') {
        for written in forms.split(' ') {
            for language in [Some("en"), Some("en-GB"), None] {
                assert!(term(asked, &post(written, language)), "{asked} finds {written} ({language:?})");
            }
        }
    }
}

#[rstest]
#[case("university", "universe universal")]
#[case("news", "new")]
#[case("department", "depart")]
#[case("business", "busy")]
#[case("park", "parking")]
#[case("true", "tru tr")]
#[case("organ", "organic organization")]
#[case("public", "publication")]
fn other_words_do_not_meet(#[case] asked: &str, #[case] written: &str) {
    for written in written.split(' ') {
        assert!(!term(asked, &post(written, Some("en"))), "{asked} finds {written}");
    }
}

#[rstest]
#[case("blue", "Blüte blut")]
#[case("true", "trüb Truhe")]
#[case("does", "Dose Dosen")]
#[case("due", "dünn dun")]
fn english_vowels_are_no_umlauts(#[case] asked: &str, #[case] written: &str) {
    for written in written.split(' ') {
        assert!(!term(asked, &post(written, None)), "{asked} finds {written}");
    }
}

#[rstest]
#[case("running", "runs", "en", true)]
#[case("running", "runs", "de", false)]
#[case("Häuser", "Haus", "de", true)]
#[case("Häuser", "Haus", "en", false)]
#[case("München", "Muenchen", "en", true)]
#[case("東京", "今日は東京です", "ja", true)]
#[case("Москва", "москва", "ru", true)]
fn a_known_language_chooses_the_grammar(
    #[case] asked: &str,
    #[case] written: &str,
    #[case] language: &str,
    #[case] expected: bool,
) {
    assert_eq!(term(asked, &post(written, Some(language))), expected);
}
