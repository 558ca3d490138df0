use axum::http::{HeaderMap, header};
use stage_domain::Language;

use super::cors::is_for_readers;
use crate::{extract::cookie, session::cookies};

/// The language to answer in: what the person chose, else what the browser prefers, else English. The public
/// part reads no cookie, not even this one.
pub(crate) fn of_request(headers: &HeaderMap, path: &str) -> Language {
    let chosen = match is_for_readers(path) {
        true => None,
        false => cookie(headers, cookies::LANGUAGE).and_then(known),
    };
    chosen.or_else(|| preferred(headers)).unwrap_or_default()
}

/// The first by weight of the languages that we speak (RFC 9110, 12.5.4).
fn preferred(headers: &HeaderMap) -> Option<Language> {
    let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    let mut best: Option<(f32, Language)> = None;
    for range in lines.flat_map(|line| line.split(',')) {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse::<f32>().ok());
        let (Some(language), Some(weight)) = (known(tag.trim()), weight) else { continue };
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

fn known(tag: &str) -> Option<Language> {
    let primary = tag.split('-').next().unwrap_or_default();
    [Language::De, Language::En].into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn language(accept: &str, cookies: &str, path: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
        headers.insert(header::COOKIE, cookies.parse().unwrap());
        of_request(&headers, path)
    }

    #[test]
    fn the_language_is_the_one_chosen_or_preferred() {
        assert_eq!(language("fr, de-AT;q=0.8, en;q=0.5", "", "/"), Language::De);
        assert_eq!(language("de;q=0.1, en", "", "/"), Language::En);
        assert_eq!(language("de;q=0", "", "/"), Language::En);
        assert_eq!(language("fr", "", "/"), Language::En);
        assert_eq!(language("en", "language=de", "/api/v1/stages"), Language::De);
        assert_eq!(language("en", "language=de", "/v1/stages/a"), Language::En);
    }
}
