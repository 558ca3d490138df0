//! German verbs. A rule names a verb by its infinitive, written small: from there the way to its forms is safe. The way
//! back is not: a `t` taken away from any word of a post would make "Mark" of Markt and "Gas" of Gast.
//!
//! A form that is no word does no harm, so nothing here has to know which verbs there are, but for the strong ones.

/// What stands before `ge` and `zu`: angemeldet, anzumelden. Some of these stay in front of a verb or leave it; both is tried.
const APART: [&str; 28] = [
    "ab", "an", "auf", "aus", "bei", "durch", "ein", "fest", "fort", "frei", "her", "hin", "kennen", "los",
    "mit", "nach", "nieder", "statt", "teil", "um", "unter", "vor", "weg", "weiter", "wieder", "zu",
    "zurück", "zusammen",
];

/// What takes the place of `ge`: begonnen, vergeben.
const FIXED: [&str; 10] = ["be", "emp", "ent", "er", "hinter", "miss", "über", "unter", "ver", "zer"];

/// The stem of the infinitive, then the third person, the past and the participle, of verbs that organisations write.
/// A past that is another word as well, as with schließen and Schloss, is left out.
const STRONG: [(&str, &str); 56] = [
    ("beginn", "begann begonnen"),
    ("biet", "geboten"),
    ("bleib", "blieb geblieben"),
    ("brech", "bricht brach gebrochen"),
    ("brenn", "brannte gebrannt"),
    ("bring", "brachte gebracht"),
    ("denk", "dachte gedacht"),
    ("ess", "isst gegessen"),
    ("fahr", "fährt fuhr gefahren"),
    ("fall", "fällt fiel gefallen"),
    ("fehl", "fiehlt fahl fohlen"),
    ("find", "fand gefunden"),
    ("flieg", "flog geflogen"),
    ("geb", "gibt gab gegeben"),
    ("geh", "ging gegangen"),
    ("gewinn", "gewann gewonnen"),
    ("halt", "hält hielt gehalten"),
    ("heb", "hob gehoben"),
    ("helf", "hilft half geholfen"),
    ("kenn", "kannte gekannt"),
    ("komm", "kam gekommen"),
    ("lad", "lädt lud geladen"),
    ("lass", "lässt liess gelassen"),
    ("lauf", "läuft lief gelaufen"),
    ("leid", "litt gelitten"),
    ("les", "liest las gelesen"),
    ("lier", "lor loren"),
    ("meid", "mied gemieden"),
    ("nehm", "nimmt nahm genommen"),
    ("nenn", "nannte genannt"),
    ("reit", "ritt geritten"),
    ("renn", "rannte gerannt"),
    ("ruf", "rief gerufen"),
    ("schaff", "schuf geschaffen"),
    ("scheid", "schied geschieden"),
    ("schlaf", "schläft schlief geschlafen"),
    ("schlag", "schlägt schlug geschlagen"),
    ("schliess", "geschlossen"),
    ("schneid", "geschnitten"),
    ("schreib", "schrieb geschrieben"),
    ("schwimm", "schwamm geschwommen"),
    ("seh", "sieht sah gesehen"),
    ("sing", "sang gesungen"),
    ("sprech", "spricht sprach gesprochen"),
    ("spring", "sprang gesprungen"),
    ("steh", "gestanden"),
    ("stehl", "stiehlt gestohlen"),
    ("steig", "stieg gestiegen"),
    ("sterb", "stirbt starb gestorben"),
    ("streit", "stritt gestritten"),
    ("trag", "trägt trug getragen"),
    ("treff", "trifft traf getroffen"),
    ("treib", "trieb getrieben"),
    ("tret", "tritt trat getreten"),
    ("wachs", "wächst wuchs gewachsen"),
    ("werb", "wirbt warb geworben"),
];

/// Nouns that some write small, and that as verbs would have another noun for a form: Hafen and Haft, Marken and Markt.
const NOUNS: [&str; 6] = ["hafen", "hasen", "marken", "rosen", "spuren", "wesen"];

/// The forms of a folded word that was written small, if it looks like an infinitive: those that Snowball does not
/// bring together with it.
pub(super) fn conjugated(word: &str) -> Vec<String> {
    let stem = match word {
        word if NOUNS.contains(&word) => return vec![],
        word if word.ends_with("ern") || word.ends_with("eln") => &word[..word.len() - 1],
        word => word.strip_suffix("en").unwrap_or_default(),
    };
    if stem.chars().count() < 3 {
        return vec![];
    }
    let mut forms = simple(stem);
    for before in APART {
        let Some(rest) = stem.strip_prefix(before).filter(|rest| rest.chars().count() >= 2) else { continue };
        forms.extend(simple(rest).into_iter().map(|form| format!("{before}{form}")));
        forms.push(format!("{before}zu{}", &word[before.len()..]));
    }
    for before in FIXED {
        let Some(rest) = stem.strip_prefix(before) else { continue };
        let without = |form: String| format!("{before}{}", form.strip_prefix("ge").unwrap_or(&form));
        forms.extend(strong(rest).map(without));
    }
    forms
}

/// The forms of a verb without anything before it.
fn simple(stem: &str) -> Vec<String> {
    let weak = if needs_e(stem) { format!("{stem}et") } else { format!("{stem}t") };
    let participle = format!("ge{weak}");
    [weak, participle, format!("{stem}end")].into_iter().chain(strong(stem)).collect()
}

/// Arbeitet, öffnet, atmet; but lernt, filmt and wohnt.
fn needs_e(stem: &str) -> bool {
    let mut back = stem.chars().rev();
    match (back.next(), back.next()) {
        (Some('d' | 't'), _) => true,
        (Some('m' | 'n'), Some(before)) => !"aeiouäöüyhlmnr".contains(before),
        _ => false,
    }
}

fn strong(stem: &str) -> impl Iterator<Item = String> {
    let forms = STRONG.iter().find(|(known, _)| *known == stem).map(|(_, forms)| *forms);
    forms.unwrap_or_default().split_whitespace().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("arbeiten", "arbeitet gearbeitet")]
    #[case("öffnen", "öffnet geöffnet")]
    #[case("lernen", "lernt gelernt")]
    #[case("sammeln", "sammelt gesammelt")]
    #[case("anmelden", "anmeldet angemeldet anzumelden")]
    #[case("teilnehmen", "teilnahm teilgenommen teilzunehmen")]
    #[case("besprechen", "bespricht besprach besprochen")]
    #[case("empfehlen", "empfiehlt empfohlen")]
    #[case("verlieren", "verlor verloren")]
    fn an_infinitive_is_conjugated(#[case] infinitive: &str, #[case] expected: &str) {
        let forms = conjugated(infinitive);
        for form in expected.split(' ') {
            assert!(forms.iter().any(|found| found == form), "{infinitive} has {forms:?}, not {form}");
        }
    }

    #[rstest::rstest]
    #[case("markt")]
    #[case("hafen")]
    #[case("ofen")]
    #[case("fest")]
    fn what_is_no_infinitive_has_no_forms(#[case] word: &str) {
        assert_eq!(conjugated(word), Vec::<String>::new());
    }
}
