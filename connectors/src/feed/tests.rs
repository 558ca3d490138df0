#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn address() -> Url {
    Url::parse("https://feeds.example.org/all/feed.xml?key=secret").unwrap()
}

fn posts(document: &str) -> Vec<FetchedPost> {
    read(document.as_bytes(), None, &address()).unwrap().1
}

fn shown(bytes: &[u8]) -> Value {
    let (feed, posts) = read(bytes, None, &address()).unwrap();
    let posts: Vec<Value> =
        posts.iter().map(|post| json!({"network_id": post.network_id, "content": post.content})).collect();
    json!({"title": feed.title, "language": feed.language, "wait": feed.wait.map(|wait| wait.as_secs()), "posts": posts})
}

/// Each document of the folder with what it means, field by field, in the file beside it.
macro_rules! fixture {
    ($name:ident, $document:literal) => {
        #[test]
        fn $name() {
            let found = shown(include_bytes!(concat!("../../tests/fixtures/", $document)));
            let expected = include_str!(concat!("../../tests/fixtures/", $document, ".expected.json"));
            let expected: Value = serde_json::from_str(expected).unwrap();
            let found_text = serde_json::to_string_pretty(&found).unwrap();
            assert!(found == expected, "{} means:\n{found_text}", $document);
        }
    };
}

fixture!(rss_0_90_is_read_whole, "rss-0.90.xml");
fixture!(rss_0_91_is_read_whole, "rss-0.91.xml");
fixture!(rss_0_92_is_read_whole, "rss-0.92.xml");
fixture!(rss_0_93_is_read_whole, "rss-0.93.xml");
fixture!(rss_0_94_is_read_whole, "rss-0.94.xml");
fixture!(rss_1_0_is_read_whole, "rss-1.0.xml");
fixture!(rss_2_0_is_read_whole, "rss-2.0.xml");
fixture!(a_podcast_and_media_rss_are_read_whole, "podcast.xml");
fixture!(atom_0_3_is_read_whole, "atom-0.3.xml");
fixture!(atom_1_0_is_read_whole, "atom-1.0.xml");
fixture!(json_feed_1_0_is_read_whole, "json-1.0.json");
fixture!(json_feed_1_1_is_read_whole, "json-1.1.json");
fixture!(a_broken_document_is_read_as_far_as_it_goes, "broken.xml");

/// Twice the same document, and what may stand around it, is the same post to the last byte.
#[rstest]
#[case(
    "<rss><channel><item><title>a</title></item><item><description>b</description></item></channel></rss>"
)]
#[case(
    "<rss><channel><item><title>a</title><pubDate>Sat, 31 Jul 2004 12:00:00 GMT</pubDate></item></channel></rss>"
)]
#[case("<feed><entry><title>a</title></entry></feed>")]
#[case("{\"title\":\"t\",\"items\":[{\"title\":\"a\"}]}")]
fn a_post_without_an_id_has_the_same_one_at_every_fetch(#[case] document: &str) {
    let first = posts(document);
    assert_eq!(first, posts(document));
    assert!(first.iter().all(|post| post.network_id.starts_with("sha256:")), "{first:?}");
}

#[test]
fn a_post_keeps_its_id_when_others_come_before_it_and_when_it_is_revised() {
    let feed = |items: &str| format!("<rss><channel>{items}</channel></rss>");
    let old = "<item><guid>1</guid><title>a</title></item>";
    let new = "<item><guid>2</guid><title>b</title></item>";
    let revised = "<item><guid>1</guid><title>A</title></item>";
    assert_eq!(posts(&feed(old))[0], posts(&feed(&format!("{new}{old}")))[1]);
    assert_eq!(posts(&feed(revised))[0].network_id, posts(&feed(old))[0].network_id);
}

#[rstest]
#[case::document(
    "<rss><channel><item><link>x/y</link></item></channel></rss>",
    "https://feeds.example.org/all/x/y"
)]
#[case::channel(
    "<rss><channel><link>https://a.example.org/b/</link><item><link>x</link></item></channel></rss>",
    "https://a.example.org/b/x"
)]
#[case::relative_channel(
    "<rss><channel><link>/b/</link><item><link>x</link></item></channel></rss>",
    "https://feeds.example.org/b/x"
)]
#[case::xml_base(
    "<rss xml:base='https://c.example.org/d/'><channel><link>https://a.example.org/</link><item><link>x</link></item></channel></rss>",
    "https://c.example.org/d/x"
)]
#[case::xml_base_of_item(
    "<rss><channel><item xml:base='https://c.example.org/d/'><link>x</link></item></channel></rss>",
    "https://c.example.org/d/x"
)]
#[case::atom(
    "<feed xml:base='/base/'><entry xml:base='e/'><link href='x'/></entry></feed>",
    "https://feeds.example.org/base/e/x"
)]
#[case::atom_link(
    "<feed><entry><link xml:base='https://c.example.org/' href='x'/></entry></feed>",
    "https://c.example.org/x"
)]
#[case::atom_copy(
    "<feed><link rel='self' href='https://a.example.org/b/feed.atom'/><entry><link href='x'/></entry></feed>",
    "https://a.example.org/b/x"
)]
#[case::atom_copy_with_a_base(
    "<feed xml:base='/base/'><link rel='self' href='https://a.example.org/'/><entry><link href='x'/></entry></feed>",
    "https://feeds.example.org/base/x"
)]
#[case::atom_that_is_nowhere(
    "<feed><link rel='self' href='feed.atom'/><entry><link href='x'/></entry></feed>",
    "https://feeds.example.org/all/x"
)]
#[case::json(
    "{\"title\":\"t\",\"home_page_url\":\"https://a.example.org\",\"items\":[{\"url\":\"x\"}]}",
    "https://a.example.org/x"
)]
fn a_relative_permalink_is_resolved(#[case] document: &str, #[case] expected: &str) {
    let document = document
        .replacen("<link", "<title>t</title><link", 10)
        .replace("{\"url\"", "{\"title\":\"t\",\"url\"");
    let found = posts(&document);
    assert_eq!(found[0].content.permalink.as_ref().map(Url::as_str), Some(expected));
}

#[rstest]
#[case("<link>javascript:alert(1)</link><guid>data:text/html,x</guid>")]
#[case("<link>file:///etc/passwd</link>")]
#[case("<guid isPermaLink=\"false\">https://example.org/no-page</guid>")]
fn what_is_no_web_address_is_no_permalink(#[case] item: &str) {
    let found = posts(&format!("<rss><channel><item><title>t</title>{item}</item></channel></rss>"));
    assert_eq!(found[0].content.permalink, None);
}

#[test]
fn a_language_is_the_items_own_else_the_feeds_else_detected() {
    let text = "Die Stadtverwaltung bleibt am Montag wegen einer Betriebsversammlung geschlossen.";
    let found = |feed: &str, item: &str| {
        let feed = format!("<rss><channel>{feed}<item><title>{text}</title>{item}</item></channel></rss>");
        posts(&feed)[0].content.language.clone()
    };
    assert_eq!(found("<language>fr</language>", "<dc:language>it</dc:language>").as_deref(), Some("it"));
    assert_eq!(found("<language>fr</language>", "").as_deref(), Some("fr"));
    assert_eq!(found("<language>Deutsch</language>", "").as_deref(), Some("de"));
    let around = format!("<rss xml:lang='fr-CA'><channel><item><title>{text}</title></item></channel></rss>");
    assert_eq!(posts(&around)[0].content.language.as_deref(), Some("fr-CA"));
}

#[test]
fn a_document_gives_its_thousand_newest_posts() {
    let items: String = (0..1200)
        .map(|n| {
            format!(
                "<item><guid>{n}</guid><title>t</title><pubDate>{}-01-01</pubDate></item>",
                1900 + n % 300
            )
        })
        .collect();
    let found = posts(&format!("<rss><channel>{items}</channel></rss>"));
    assert_eq!(found.len(), 1000);
    let oldest = found.iter().filter_map(|post| post.content.published_at).min().unwrap();
    assert_eq!(oldest, "1950-01-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
}

#[test]
fn every_field_is_bounded() {
    let many: String = (0..100)
        .map(|n| {
            format!(
                "<category>c{n}</category><enclosure url='https://example.org/{n}.mp3' type='audio/mpeg'/>"
            )
        })
        .collect();
    let long = "wort ".repeat(60_000);
    let found = posts(&format!(
        "<rss><channel><item><title>{long}</title><author>{long}</author>{many}<category>{long}</category>\
         <description>&lt;p&gt;{long}</description></item></channel></rss>"
    ));
    let content = &found[0].content;
    assert_eq!(content.title.as_ref().unwrap().chars().count(), 500);
    assert_eq!(content.author.as_ref().unwrap().chars().count(), 200);
    assert_eq!((content.categories.len(), content.media.len()), (50, 50));
    assert!(content.html.as_ref().unwrap().len() <= 200_000 && content.text.len() <= 200_000);
}

#[rstest]
#[case("", "The document is empty.")]
#[case("  \n", "The document is empty.")]
#[case("hello", "The document is neither RSS nor Atom nor JSON Feed.")]
#[case("<opml/>", "The document is XML, but neither RSS nor Atom.")]
#[case("{\"a\": 1}", "The document is JSON, but not a JSON Feed.")]
#[case("[1]", "The document is JSON, but not a JSON Feed.")]
#[case("{\n\"a\"", "The document is broken JSON (line 2).")]
#[case("<!DOCTYPE html><title>x</title>", "The address leads to a web page and not to a feed.")]
#[case(
    "<html><head><link rel='alternate' type='application/rss+xml' href='/feed/'><link rel=alternate href=/secret?key=1 \
     type=application/atom+xml></head>",
    "The address leads to a web page; its feed is at https://feeds.example.org/feed/"
)]
fn what_is_no_feed_says_why(#[case] document: &str, #[case] detail: &str) {
    let error = read(document.as_bytes(), None, &address()).map(|_| ()).unwrap_err();
    assert_eq!((error.failure.kind, error.failure.detail.as_str()), (FailureKind::NotAFeed, detail));
}

#[test]
fn an_empty_feed_is_a_feed() {
    for document in ["<rss/>", "<feed/>", "<rdf:RDF/>", "{\"title\":\"\",\"items\":[]}"] {
        assert_eq!(posts(document), [], "{document}");
    }
}

/// Pieces of feeds in any order are more telling than any bytes.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "<rss>",
        "<channel>",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
        "<guid>",
        "<link>",
        "</link>",
        "<feed>",
        "<entry>",
        "</entry>",
        "<content type='xhtml'>",
        "<content mode='base64'>",
        "</content>",
        "<id>",
        "</id>",
        "<media:group>",
        "<media:content url='",
        "<itunes:duration>99999999999999999999:99",
        "<author>—a@b.de",
        "' />",
        "<![CDATA[",
        "]]>",
        "&",
        "&nbsp;",
        "&#0;",
        "&#x110000;",
        "<!--",
        "-->",
        "<?xml encoding='utf-16'?>",
        "xml:base='",
        "http://[",
        "//",
        "ä",
        "<b>",
        "<pubDate>",
        "24:60:61",
        "+9999",
        "{",
        "\"items\":[",
        "{\"id\":1e999,",
        "\"url\":",
        "}]",
        "}",
        "\u{0}",
        "<html>",
        "<",
        ">",
        "\"",
        "'",
        "=",
        "/",
        "<p",
        "<rdf:RDF",
        "<link rel='alternate' href='",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic_and_the_same_bytes_are_the_same_posts(
        bytes in prop_oneof![soup(), prop::collection::vec(any::<u8>(), 0..200)],
        told in prop::option::of("text/xml; charset=(utf-8|utf-16|x|windows-1252)"),
    ) {
        let once = read(&bytes, told.as_deref(), &address()).map(|(_, posts)| posts);
        let twice = read(&bytes, told.as_deref(), &address()).map(|(_, posts)| posts);
        prop_assert_eq!(&once, &twice);
        for post in once.unwrap_or_default() {
            prop_assert!(!post.network_id.is_empty());
            let stored = serde_json::to_string(&post.content).unwrap();
            prop_assert!(!stored.contains("\\u0000"));
        }
    }

    #[test]
    fn no_text_makes_the_date_reader_panic(text in "(\\PC|[0-9]{1,5}|[-+:/., ]|Jul|GMT|pm|T|Z){0,20}") {
        let _ = dates::parse(&text);
    }
}
