//! The language of a post, as a BCP 47 tag.

use whatlang::Lang;

/// Shorter texts are guessed wrongly too often.
const ENOUGH: usize = 40;
/// More text does not make the guess better.
const PLENTY: usize = 4000;

/// A tag that a feed gives, in its usual spelling; `None` where it is no tag ("english", "", "x").
pub(crate) fn tag(value: &str) -> Option<String> {
    let value = value.trim().replace('_', "-");
    let mut parts = value.split('-');
    let primary = parts.next().filter(|part| matches!(part.len(), 2 | 3))?;
    if !primary.bytes().all(|byte| byte.is_ascii_alphabetic()) || value.len() > 35 {
        return None;
    }
    let mut tag = primary.to_ascii_lowercase();
    if matches!(tag.as_str(), "und" | "mul" | "zxx" | "mis") {
        return None;
    }
    for part in parts {
        if part.is_empty() || part.len() > 8 || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 if part.as_bytes()[0].is_ascii_alphabetic() => {
                tag.push_str(&part[..1].to_ascii_uppercase());
                tag.push_str(&part[1..].to_ascii_lowercase());
            }
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    Some(tag)
}

/// The language that a text is written in, where that is certain enough.
pub(crate) fn detect(text: &str) -> Option<String> {
    if text.chars().take(ENOUGH).count() < ENOUGH {
        return None;
    }
    let end = text.char_indices().nth(PLENTY).map_or(text.len(), |(at, _)| at);
    let info = whatlang::detect(&text[..end])?;
    info.is_reliable().then(|| short(info.lang()).to_owned())
}

/// BCP 47 wants the two-letter code of ISO 639-1 where there is one. These are all languages of whatlang.
fn short(lang: Lang) -> &'static str {
    match lang {
        Lang::Afr => "af",
        Lang::Aka => "ak",
        Lang::Amh => "am",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Bul => "bg",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Cmn => "zh",
        Lang::Cym => "cy",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Epo => "eo",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jav => "jv",
        Lang::Jpn => "ja",
        Lang::Kan => "kn",
        Lang::Kat => "ka",
        Lang::Khm => "km",
        Lang::Kor => "ko",
        Lang::Lat => "la",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Mal => "ml",
        Lang::Mar => "mr",
        Lang::Mkd => "mk",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Nob => "nb",
        Lang::Ori => "or",
        Lang::Pan => "pa",
        Lang::Pes => "fa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Sin => "si",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Sna => "sn",
        Lang::Spa => "es",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Tgl => "tl",
        Lang::Tha => "th",
        Lang::Tuk => "tk",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Uzb => "uz",
        Lang::Vie => "vi",
        Lang::Yid => "yi",
        Lang::Zul => "zu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_spelled_as_usual_and_nonsense_is_none() {
        assert_eq!(tag("DE_de").as_deref(), Some("de-DE"));
        assert_eq!(tag(" zh-hans-cn ").as_deref(), Some("zh-Hans-CN"));
        assert_eq!(tag("en").as_deref(), Some("en"));
        for wrong in ["", "english", "x", "und", "en-", "de-DE!", "en us", "d1"] {
            assert_eq!(tag(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_language_is_told_only_from_enough_text() {
        let german = "Die Stadtverwaltung bleibt am Montag wegen einer Betriebsversammlung geschlossen.";
        let english =
            "The town hall stays closed on Monday because of a meeting of everybody who works there.";
        assert_eq!(detect(german).as_deref(), Some("de"));
        assert_eq!(detect(english).as_deref(), Some("en"));
        assert_eq!(detect("Hallo Welt"), None);
        assert_eq!(detect("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21"), None);
    }
}
