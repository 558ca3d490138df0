//! A web page where a feed was expected: the most common mistake, and the page often names the right address.

use scraper::{Html, Selector};
use url::Url;

use super::draft;

/// Whether the document is a page, as far as its beginning tells.
pub(super) fn is_page(text: &str) -> bool {
    let head = &text[..text.floor_char_boundary(1000)];
    let head = head.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.contains("<html")
}

/// The feeds that the page names. Not those whose address has a query: a failure never shows one.
pub(super) fn feeds(text: &str, address: &Url) -> Vec<Url> {
    let Ok(links) = Selector::parse("link[rel~=alternate][href][type]") else { return vec![] };
    let page = Html::parse_document(&text[..text.floor_char_boundary(500_000)]);
    let feeds = page.select(&links).filter(|link| {
        let kind = link.attr("type").unwrap_or_default().to_ascii_lowercase();
        ["application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"]
            .contains(&kind.trim())
    });
    let feeds = feeds.filter_map(|link| draft::resolve(address, link.attr("href")?));
    let mut found: Vec<Url> = vec![];
    for mut feed in feeds.filter(|feed| feed.query().is_none()) {
        feed.set_fragment(None);
        if !found.contains(&feed) && feed.as_str().len() <= 300 {
            found.push(feed);
        }
    }
    found.truncate(3);
    found
}
