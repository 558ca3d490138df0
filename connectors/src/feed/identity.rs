//! The id of a post: the same at every fetch, and one for each post of a document.
//!
//! It is the feed's own (`guid`, `id`, `rdf:about`); where the feed gives none, the permalink; where there is
//! none either, a digest of title, text and date.
//!
//! Two items with the same id are one post if they are the same page (or, without a page, have the same title):
//! the newest of them counts, else the first. If they are different pages, the id is worthless, as in feeds that
//! give every item the same one. Then *all* of them are told apart by their page, also the first, because which
//! one is the first changes with every new post.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use stage_domain::post::PostContent;

use crate::FetchedPost;
use crate::markup;

/// A longer id is replaced by its digest: it becomes part of an event for good.
const MAX_ID: usize = 500;

/// `posts` are the feed's own ids, if any, with the contents; their order is kept.
pub(super) fn assign(posts: Vec<(Option<String>, PostContent)>) -> Vec<FetchedPost> {
    let posts: Vec<Candidate> = posts.into_iter().map(|(id, content)| Candidate::new(id, content)).collect();
    let mut pages: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    for (at, post) in posts.iter().enumerate() {
        let same = pages.entry(&post.id).or_default().entry(&post.page).or_insert(at);
        if post.moment() > posts[*same].moment() {
            *same = at;
        }
    }
    let chosen: Vec<(bool, bool)> = posts
        .iter()
        .enumerate()
        .map(|(at, post)| {
            let pages = pages.get(post.id.as_str());
            let is_chosen = pages.and_then(|pages| pages.get(post.page.as_str())) == Some(&at);
            (is_chosen, pages.is_some_and(|pages| pages.len() > 1))
        })
        .collect();
    posts
        .into_iter()
        .zip(chosen)
        .filter(|(_, (is_chosen, _))| *is_chosen)
        .map(|(post, (_, is_shared))| {
            let network_id = match is_shared {
                false => post.id,
                true => format!("{}#{}", post.id, &digest(&[&post.page])[..16]),
            };
            FetchedPost { network_id, content: post.content }
        })
        .collect()
}

struct Candidate {
    id: String,
    /// What tells items of one id apart.
    page: String,
    content: PostContent,
}

impl Candidate {
    fn new(id: Option<String>, content: PostContent) -> Self {
        let id = id.map(|id| markup::fold(&id)).filter(|id| !id.is_empty());
        let title = || content.title.clone().unwrap_or_else(|| content.text.clone());
        let permalink = content.permalink.as_ref().map(|url| url.as_str().to_owned());
        let (id, page) = match (id, permalink) {
            (Some(id), page) => (id, page.unwrap_or_else(title)),
            (None, Some(page)) => (page, title()),
            (None, None) => {
                let published = content.published_at.map(|at| at.to_rfc3339()).unwrap_or_default();
                let title = content.title.as_deref().unwrap_or_default();
                (format!("sha256:{}", digest(&[title, &content.text, &published])), String::new())
            }
        };
        let id = if id.len() > MAX_ID { format!("sha256:{}", digest(&[&id])) } else { id };
        Self { id, page, content }
    }

    fn moment(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.content.updated_at.or(self.content.published_at)
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn post(id: Option<&str>, link: Option<&str>, title: &str) -> (Option<String>, PostContent) {
        let content = PostContent {
            title: Some(title.to_owned()),
            permalink: link.map(|link| link.parse().unwrap()),
            ..PostContent::default()
        };
        (id.map(str::to_owned), content)
    }

    fn ids(posts: Vec<(Option<String>, PostContent)>) -> Vec<String> {
        assign(posts).into_iter().map(|post| post.network_id).collect()
    }

    #[test]
    fn an_id_is_the_feeds_own_else_the_permalink_else_a_digest() {
        let found = ids(vec![
            post(Some(" a\n1 "), Some("https://example.org/1"), "x"),
            post(None, Some("https://example.org/2"), "x"),
            post(Some(""), None, "x"),
        ]);
        assert_eq!(found[..2], ["a 1", "https://example.org/2"]);
        assert_eq!(found[2], format!("sha256:{}", digest(&["x", "", ""])));
    }

    #[test]
    fn the_same_page_twice_is_one_post_and_the_newest_counts() {
        let (id, mut newer) = post(Some("a"), Some("https://example.org/1"), "new");
        newer.updated_at = Some("2024-01-02T00:00:00Z".parse().unwrap());
        let posts = assign(vec![post(Some("a"), Some("https://example.org/1"), "old"), (id, newer)]);
        assert_eq!(posts.len(), 1);
        assert_eq!(posts[0].network_id, "a");
        assert_eq!(posts[0].content.title.as_deref(), Some("new"));
        let undated = assign(vec![post(Some("a"), None, "x"), post(Some("a"), None, "x")]);
        assert_eq!(undated.len(), 1);
    }

    #[test]
    fn an_id_that_every_item_has_is_told_apart_by_the_page_wherever_the_item_stands() {
        let one = || post(Some("site"), Some("https://example.org/1"), "1");
        let two = || post(Some("site"), Some("https://example.org/2"), "2");
        let three = || post(Some("site"), Some("https://example.org/3"), "3");
        let first = ids(vec![two(), one()]);
        let later = ids(vec![three(), two()]);
        assert_ne!(first[0], first[1]);
        assert_eq!(first[0], later[1], "the same post keeps its id when another one comes before it");
        assert!(first[0].starts_with("site#"));
    }

    #[test]
    fn items_that_all_link_to_the_same_page_are_told_apart_by_their_titles() {
        let home = Some("https://example.org/");
        let found = ids(vec![post(None, home, "a"), post(None, home, "b"), post(None, home, "a")]);
        assert_eq!(found.len(), 2);
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn a_long_id_is_replaced_by_its_digest() {
        let found = ids(vec![post(Some(&"x".repeat(501)), None, "a")]);
        assert_eq!(found, [format!("sha256:{}", digest(&[&"x".repeat(501)]))]);
    }
}
