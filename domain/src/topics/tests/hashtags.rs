use rstest::rstest;

use super::{PostText, RuleKind, found, post, rule};

#[rstest]
#[case("Straßenfest", "Beim #straßenfest!", "#straßenfest")]
#[case("#Straßenfest", "Beim #STRASSENFEST", "#STRASSENFEST")]
#[case("Straßenfest", "Beim #Straßenfeste", "")]
#[case("Straßenfest", "Beim Straßenfest", "")]
#[case("Straßenfest", "https://example.org/#Straßenfest", "")]
#[case("C", "Wir lernen C#", "")]
#[case("fest_2026", "#Fest_2026", "#Fest_2026")]
fn a_hashtag_is_letter_for_letter(#[case] asked: &str, #[case] text: &str, #[case] expected: &str) {
    let found = found(rule(RuleKind::Hashtag, asked), &post(text, Some("de")));
    assert_eq!(found, expected.split_terminator('|').collect::<Vec<_>>());
}

#[rstest]
#[case("KunstKultur", "Kunst & Kultur")]
#[case("strassenfest", "Straßenfest")]
#[case("ebike", "E-Bike")]
#[case("fest", "#Fest")]
fn a_category_counts_as_a_hashtag(#[case] asked: &str, #[case] category: &str) {
    let categories = [category.to_owned()];
    let post = PostText { categories: &categories, ..post("", None) };
    assert_eq!(found(rule(RuleKind::Hashtag, asked), &post), [category]);
}

#[rstest]
#[case("Straßenfest", "Beim #Straßenfest", "#Straßenfest")]
#[case("Straßenfest", "Beim #Straßenfeste", "#Straßenfeste")]
#[case("Stadtfest", "Auf zum #StadtfestBonn2026!", "#StadtfestBonn2026")]
#[case("2026", "Auf zum #StadtfestBonn2026!", "#StadtfestBonn2026")]
#[case("Fest", "Auf zum #Stadtfest", "")]
fn a_term_is_found_in_a_hashtag(#[case] asked: &str, #[case] text: &str, #[case] expected: &str) {
    let found = found(rule(RuleKind::Term, asked), &post(text, Some("de")));
    assert_eq!(found, expected.split_terminator('|').collect::<Vec<_>>());
}

#[test]
fn a_term_is_found_in_a_category() {
    let categories = ["Kunst & Kultur".to_owned()];
    let post = PostText { categories: &categories, ..post("", None) };
    assert_eq!(found(rule(RuleKind::Term, "Kultur"), &post), ["Kultur"]);
}
