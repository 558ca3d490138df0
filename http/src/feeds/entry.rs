//! What every format says of a post.

use chrono::{DateTime, Datelike, Utc};
use stage_projections::feed::PostView;

/// Characters of a title that is made from the text.
const LONGEST_TITLE: usize = 80;

/// The post's title, else the beginning of its text, else its author; posts of many networks have no title, and feeds
/// ask for one.
pub(crate) fn title(post: &PostView, stage: &str) -> String {
    let content = &post.content;
    let line = |text: &str| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    let title =
        content.title.as_deref().and_then(line).or_else(|| line(&content.text).map(|text| cut(&text)));
    title.or_else(|| content.author.as_deref().and_then(line)).unwrap_or_else(|| stage.to_owned())
}

/// At the end of a word, where there is one.
fn cut(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(LONGEST_TITLE) else { return text.to_owned() };
    let short = text.get(..end).unwrap_or(text);
    let words = short.rsplit_once(char::is_whitespace).map(|(words, _)| words.trim_end());
    format!("{}…", words.filter(|words| words.len() > short.len() / 2).unwrap_or(short))
}

/// When it was published, in a year that every format can write.
pub(crate) fn dated(post: &PostView) -> DateTime<Utc> {
    let published = post.content.published_at.filter(|time| (1..=9999).contains(&time.year()));
    published.unwrap_or(post.sorted_at)
}

/// Its topics and what the network itself calls it, each once.
pub(super) fn tags(post: &PostView) -> Vec<&str> {
    let topics = post.topics.iter().map(|topic| topic.name.as_str());
    let mut tags: Vec<&str> = vec![];
    for tag in topics.chain(post.content.categories.iter().map(String::as_str)) {
        if !tag.trim().is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_from_the_text_ends_with_a_word() {
        assert_eq!(cut("Tag der offenen Tür"), "Tag der offenen Tür");
        let long = cut(&"Öffnung ".repeat(20));
        assert!(long.ends_with("Öffnung…") && long.chars().count() <= LONGEST_TITLE + 1, "{long}");
        assert_eq!(cut(&"x".repeat(100)).chars().count(), LONGEST_TITLE + 1);
    }
}
