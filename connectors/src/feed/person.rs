//! The name in what a feed writes about an author. The e-mail address is left out: nobody needs it to read a
//! post, and here it would be kept for good.

use crate::markup;

/// From "mail@example.org (Name)", "Name <mail@example.org>", "Name" and the like.
pub(super) fn name(raw: &str) -> Option<String> {
    let text = markup::title(raw);
    if !text.contains('@') {
        return Some(text).filter(|text| !text.is_empty());
    }
    let inside = |open, close| {
        let (_, rest) = text.split_once(open)?;
        let (inside, _) = rest.split_once(close)?;
        Some(inside).filter(|inside| !inside.contains('@'))
    };
    let name = match inside('(', ')') {
        Some(name) => name.to_owned(),
        None => {
            let words = text.split(' ').filter(|word| !word.contains('@'));
            words.collect::<Vec<_>>().join(" ")
        }
    };
    let name = name.trim().trim_matches(['"', '\'', ',', '<', '>', '(', ')']).trim();
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// Several names as one line, none of them twice, twenty at most.
pub(super) fn join(names: impl IntoIterator<Item = String>) -> Option<String> {
    let mut line: Vec<String> = vec![];
    for name in names.into_iter().take(20) {
        if !line.contains(&name) {
            line.push(name);
        }
    }
    (!line.is_empty()).then(|| line.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_and_its_mail_address_left_out() {
        let found = |raw| name(raw);
        assert_eq!(found("Ada Beispiel").as_deref(), Some("Ada Beispiel"));
        assert_eq!(found("ada@example.org (Ada Beispiel)").as_deref(), Some("Ada Beispiel"));
        assert_eq!(found("Ada Beispiel <ada@example.org>").as_deref(), Some("Ada Beispiel"));
        assert_eq!(found("\"Ada\" ada@example.org").as_deref(), Some("Ada"));
        assert_eq!(found("Ada Beispiel (Pressestelle)").as_deref(), Some("Ada Beispiel (Pressestelle)"));
        assert_eq!(found("ada@example.org"), None);
        assert_eq!(found("<ada@example.org>"), None);
        assert_eq!(found("—a@example.org (ü)").as_deref(), Some("ü"));
        assert_eq!(found(" "), None);
    }
}
