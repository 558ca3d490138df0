//! German forms: Snowball's stemmer, with what it gets wrong for sorting posts put right.
//!
//! Snowball takes away too much and all umlauts: "Sicherheit" becomes "sich", "Bürger" becomes "burg" and
//! "schön" becomes "schon". So only the length of its stem is used, and here
//! - suffixes that make another word (-ung, -heit, -lich …) stay: Veranstaltung is no form of Veranstalter;
//! - an umlaut goes only where inflection may have brought it (Häuser, Gäste, Väter), only the last of a word, and
//!   not in the words of [`OWN_UMLAUT`];
//! - `er` stays in nouns that are not the plural of what is left, [`NOUNS_IN_ER`];
//! - plurals that Snowball does not know are read as their singulars too.
//!
//! Of verbs only what Snowball knows is brought together here: spielen and spiele, but not spielt, gespielt or ging. The
//! verbs of rules are conjugated in `verbs.rs`.

use rust_stemmers::Stemmer;

const DERIVING: [&str; 8] = ["heit", "keit", "ung", "lich", "isch", "ig", "end", "ik"];

/// Stems whose umlaut is part of the word, because without it they are another: Bürger and Burg.
const OWN_UMLAUT: [&str; 21] = [
    "blüt", "bär", "bürg", "drück", "fähr", "förd", "führ", "hätt", "küch", "kür", "lös", "märch", "näch",
    "röm", "schön", "schütz", "stätt", "täusch", "wär", "würd", "zähl",
];

/// Stems that with `er` are words of their own: Meister and meist, Lager and Lage, Messer and Messe. Found by
/// looking through what Snowball throws together in its own vocabulary of 35,000 words.
const NOUNS_IN_ER: [&str; 57] = [
    "arbeit", "ast", "bau", "berat", "besuch", "bewohn", "bitt", "burg", "bürg", "fahr", "fehl", "fing",
    "fisch", "geig", "gründ", "kamm", "kell", "kreuz", "krieg", "lag", "leb", "lehr", "leit", "läut", "mal",
    "meist", "mess", "miet", "ost", "post", "reit", "richt", "ritt", "sau", "schiff", "schlag", "schult",
    "schül", "schütz", "send", "sich", "sieg", "silb", "spiel", "stift", "säng", "trau", "tänz", "tät",
    "töpf", "wahl", "wand", "web", "wett", "wund", "wähl", "zwing",
];

/// Plurals and the singulars they may belong to. A reading that is no word does no harm.
const PLURALS: [(&str, &str); 17] = [
    ("innen", "in"),
    ("ien", "ium"),
    ("een", "eum"),
    ("äen", "äum"),
    ("zentren", "zentrum"),
    ("themen", "thema"),
    ("firmen", "firma"),
    ("villen", "villa"),
    ("konten", "konto"),
    ("stadien", "stadion"),
    ("materialien", "material"),
    ("praktika", "praktikum"),
    ("säle", "saal"),
    ("sälen", "saal"),
    ("busse", "bus"),
    ("bussen", "bus"),
    ("eln", "el"),
];

/// Words that end like a form of another and are none: modern is no plural of Mode.
const WHOLE: [&str; 2] = ["gestern", "modern"];

pub(super) fn keys(stemmer: &Stemmer, word: &str, found: &mut dyn FnMut(&str)) {
    if WHOLE.contains(&word) {
        return found(word);
    }
    reading(stemmer, word, found);
    if let Some(singular) = plural_in_s(word) {
        reading(stemmer, singular, found);
    }
    for (plural, singular) in PLURALS {
        if let Some(base) = word.strip_suffix(plural)
            && (base.len() >= 3 || plural.len() >= 4)
        {
            reading(stemmer, &format!("{base}{singular}"), found);
        }
    }
    if let Some(word) = with_umlauts(word) {
        keys(stemmer, &word, found);
    }
}

fn reading(stemmer: &Stemmer, word: &str, found: &mut dyn FnMut(&str)) {
    let letters = stemmer.stem(word).chars().count();
    // The stem is the beginning of the word but for its umlauts.
    let length = word.char_indices().nth(letters).map_or(word.len(), |(at, _)| at);
    let (mut stem, rest) = word.split_at(length);
    if let Some(deriving) = DERIVING.iter().filter_map(|s| rest.rfind(s).map(|at| at + s.len())).max() {
        stem = &word[..length + deriving];
    } else if rest.starts_with("er") && NOUNS_IN_ER.contains(&stem) {
        // Such a noun is a singular, so its umlaut is its own: Bürger and Burger.
        return found(&word[..length + 2]);
    }
    found(stem);
    let inflected = stem.len() < word.len() || ["el", "er", "en"].iter().any(|end| word.ends_with(end));
    if inflected
        && !OWN_UMLAUT.contains(&stem)
        && let Some((at, umlaut)) = stem.char_indices().rfind(|(_, c)| matches!(c, 'ä' | 'ö' | 'ü'))
    {
        let plain = match umlaut {
            'ä' => 'a',
            'ö' => 'o',
            _ => 'u',
        };
        found(&format!("{}{plain}{}", &stem[..at], &stem[at + umlaut.len_utf8()..]));
    }
}

/// The singular of Fotos, Kinos, Partys, Kameras; not of Haus and Eis.
fn plural_in_s(word: &str) -> Option<&str> {
    let singular = word.strip_suffix('s')?;
    let ends = singular.ends_with(['a', 'i', 'o', 'y']) && !singular.ends_with("ei");
    (ends && singular.len() >= 3).then_some(singular)
}

/// The word with `ae`, `oe` and `ue` read as umlauts, if any may be one: not after another vowel or q (neue,
/// Bauer, Quelle).
fn with_umlauts(word: &str) -> Option<String> {
    let mut read = String::with_capacity(word.len());
    let mut rest = word;
    let mut before = ' ';
    let mut changed = false;
    while let Some(c) = rest.chars().next() {
        let umlaut = match rest.get(..2) {
            Some("ae") => Some('ä'),
            Some("oe") => Some('ö'),
            Some("ue") => Some('ü'),
            _ => None,
        };
        let (written, taken) = match umlaut {
            Some(umlaut) if !"aeiouyqäöü".contains(before) => (umlaut, 2),
            _ => (c, c.len_utf8()),
        };
        changed |= written != c;
        read.push(written);
        before = c;
        rest = &rest[taken..];
    }
    changed.then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("haeuser", Some("häuser"))]
    #[case("buergerbuero", Some("bürgerbüro"))]
    #[case("neue", None)]
    #[case("feuer", None)]
    #[case("bauer", None)]
    #[case("quelle", None)]
    fn umlauts_are_read(#[case] word: &str, #[case] expected: Option<&str>) {
        assert_eq!(with_umlauts(word).as_deref(), expected);
    }
}
