//! English forms: Snowball's stemmer (Porter 2), irregular forms, and words that it throws together with others.

use rust_stemmers::Stemmer;

/// Irregular plurals and past tenses of words that organisations write, and what they are forms of.
const IRREGULAR: [(&str, &str); 45] = [
    ("ate", "eat"),
    ("began", "begin"),
    ("begun", "begin"),
    ("bought", "buy"),
    ("brought", "bring"),
    ("built", "build"),
    ("came", "come"),
    ("children", "child"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("feet", "foot"),
    ("fought", "fight"),
    ("gave", "give"),
    ("geese", "goose"),
    ("given", "give"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("held", "hold"),
    ("knives", "knife"),
    ("leaves", "leaf"),
    ("lives", "life"),
    ("lost", "lose"),
    ("made", "make"),
    ("men", "man"),
    ("met", "meet"),
    ("mice", "mouse"),
    ("paid", "pay"),
    ("people", "person"),
    ("ran", "run"),
    ("sang", "sing"),
    ("shelves", "shelf"),
    ("sold", "sell"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("sung", "sing"),
    ("swam", "swim"),
    ("taught", "teach"),
    ("teeth", "tooth"),
    ("thieves", "thief"),
    ("thought", "think"),
    ("wives", "wife"),
    ("wolves", "wolf"),
    ("women", "woman"),
    ("won", "win"),
    ("wrote", "write"),
];

/// Words that are not stemmed, but for their plural: Snowball would make "depart" of department, "organ" of
/// organic, "park" of parking.
const WHOLE: [&str; 17] = [
    "apartment",
    "authority",
    "business",
    "customer",
    "department",
    "evening",
    "experiment",
    "important",
    "international",
    "organic",
    "organisation",
    "organization",
    "parking",
    "publication",
    "universal",
    "universe",
    "university",
];

pub(super) fn keys(stemmer: &Stemmer, word: &str, mut found: impl FnMut(&str)) {
    if let Some(whole) = whole(word) {
        return found(whole);
    }
    if let Some((_, base)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        found(&stemmer.stem(base));
    }
    found(&stemmer.stem(word));
    // Firemen, chairwomen.
    if let Some(base) = word.strip_suffix("men")
        && base.len() >= 2
    {
        found(&stemmer.stem(&format!("{base}man")));
    }
}

fn whole(word: &str) -> Option<&'static str> {
    WHOLE.into_iter().find(|&whole| {
        let same = |beginning: &str, ending: &str| word.strip_prefix(beginning) == Some(ending);
        match whole.strip_suffix('y') {
            Some(beginning) => same(beginning, "y") || same(beginning, "ies"),
            None => same(whole, "") || same(whole, "s") || same(whole, "es"),
        }
    })
}
