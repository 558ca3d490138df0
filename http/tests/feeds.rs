//! Feeds, held against the rules of the W3C feed validator and read back by our own reader.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{collections::BTreeSet, time::Duration};

use axum::http::StatusCode;
use chrono::DateTime;
use common::{
    House, request,
    stage::{at, content},
};
use quick_xml::{Reader, events::Event};
use stage_connectors::{Connectors, Fetched, Settings};
use stage_domain::{
    post::{Media, MediaKind, PostContent},
    source::{Cursor, Network},
};

/// Three posts that are hard to write: markup, characters that XML has no way to write, no title, a date out of range.
async fn house(change: impl FnOnce(&mut stage_http::HttpSettings)) -> House {
    let house = House::with(change).await;
    house.with_stage().await;
    house.import(1, content("Fest", 1)).await;
    let odd = PostContent {
        title: None,
        text: "Zeile\u{1} eins ]]> & b\n<b>Zeile \u{ffff}zwei".into(),
        html: None,
        published_at: "+12026-01-01T00:00:00Z".parse().ok(),
        media: vec![Media {
            kind: MediaKind::Image,
            url: "https://example.org/a.png?x=1&y=2".parse().unwrap(),
            content_type: Some("image/png".into()),
            alt: Some("Ein \"Bild\"".into()),
            width: None,
            height: None,
            preview: None,
            duration: None,
            bytes: Some(1234),
        }],
        ..content("", 2)
    };
    house.import(2, odd).await;
    house
        .import(
            3,
            PostContent { title: None, text: String::new(), html: None, author: None, ..content("", 3) },
        )
        .await;
    house.catch_up().await;
    house
}

/// Every element: its path, its attributes and its text.
type Element = (String, Vec<(String, String)>, String);

fn elements(document: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(document);
    let (mut open, mut found): (Vec<usize>, Vec<Element>) = (vec![], vec![]);
    let mut path: Vec<String> = vec![];
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.name().as_ref().to_owned();
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    (attribute.key.as_ref().to_owned(), value.into_owned())
                });
                path.push(name);
                found.push((path.join("/"), attributes.collect(), String::new()));
                match event {
                    Event::Start(_) => open.push(found.len() - 1),
                    _ => drop(path.pop()),
                }
            }
            Event::End(_) => {
                open.pop();
                path.pop();
            }
            Event::Text(text) => {
                if let Some(at) = open.last() {
                    found[*at].2.push_str(text);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(at) = open.last() {
                    let escaped = format!("&{};", &**reference);
                    found[*at].2.push_str(&quick_xml::escape::unescape(&escaped).unwrap());
                }
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn texts<'a>(elements: &'a [Element], path: &str) -> Vec<&'a str> {
    elements.iter().filter(|(at, ..)| at == path).map(|(.., text)| text.as_str()).collect()
}

fn attribute<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.1.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn no_forbidden_characters(document: &str) {
    let forbidden =
        |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert_eq!(document.chars().find(forbidden), None);
}

fn absolute(url: &str) {
    let url: url::Url = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    assert!(["http", "https"].contains(&url.scheme()));
}

#[tokio::test]
async fn the_atom_feed_keeps_the_rules_of_rfc_4287() {
    let house = house(|settings| settings.websub_hub = "https://hub.example/".parse().ok()).await;
    let answer = house.get("/v1/stages/rathaus/feed.atom").await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].to_str().unwrap()),
        (StatusCode::OK, "application/atom+xml; charset=utf-8",)
    );
    no_forbidden_characters(&answer.text);
    let all = elements(&answer.text);
    assert_eq!(attribute(&all[0], "xmlns"), Some("http://www.w3.org/2005/Atom"));
    for once in ["feed/id", "feed/title", "feed/updated", "feed/author/name"] {
        assert_eq!(texts(&all, once).len(), 1, "{once}");
    }
    assert_eq!(texts(&all, "feed/title"), ["Rathaus & Bürger"]);
    for each in ["id", "title", "updated", "published", "content"] {
        assert_eq!(texts(&all, &format!("feed/entry/{each}")).len(), 3, "{each}");
    }
    let ids: BTreeSet<_> = texts(&all, "feed/entry/id").into_iter().chain(texts(&all, "feed/id")).collect();
    assert_eq!(ids.len(), 4, "each id is there once");
    assert!(ids.iter().all(|id| id.starts_with("urn:uuid:")));
    for date in ["feed/updated", "feed/entry/updated", "feed/entry/published"] {
        for text in texts(&all, date) {
            assert!(text.len() == 20 && DateTime::parse_from_rfc3339(text).is_ok(), "{text}");
        }
    }
    let links: Vec<_> = all.iter().filter(|(path, ..)| path == "feed/link").collect();
    let of = |rel: &str| links.iter().filter(|link| attribute(link, "rel") == Some(rel)).collect::<Vec<_>>();
    assert_eq!(attribute(of("self")[0], "href"), Some("https://stage.example/v1/stages/rathaus/feed.atom"));
    assert_eq!(attribute(of("hub")[0], "href"), Some("https://hub.example/"));
    assert_eq!((of("self").len(), of("hub").len(), of("alternate").len()), (1, 1, 1));
    for link in all.iter().filter(|(path, ..)| path.ends_with("/link")) {
        absolute(attribute(link, "href").unwrap());
    }
    let titles = texts(&all, "feed/entry/title");
    assert!(titles.iter().all(|title| !title.trim().is_empty()), "{titles:?}");
    assert!(titles.contains(&"Über Fest & <mehr>") && titles.contains(&"Zeile eins ]]> & b"), "{titles:?}");
    assert!(texts(&all, "feed/entry/content").contains(&"<p>Fest &amp; mehr</p>"));
    let link = answer.headers["link"].to_str().unwrap();
    assert!(link.contains("rel=\"self\"") && link.contains("<https://hub.example/>; rel=\"hub\""), "{link}");
    // The hub is not told of selections.
    let selection = house.get("/v1/stages/rathaus/feed.atom?limit=2").await;
    assert!(!selection.text.contains("hub.example"));
    assert!(!selection.headers["link"].to_str().unwrap().contains("hub"));
}

#[tokio::test]
async fn the_rss_feed_keeps_the_rules_of_rss_2() {
    let house = house(|settings| settings.websub_hub = "https://hub.example/".parse().ok()).await;
    let answer = house.get("/v1/stages/rathaus/feed.rss").await;
    assert_eq!(answer.headers["content-type"], "application/rss+xml; charset=utf-8");
    no_forbidden_characters(&answer.text);
    let all = elements(&answer.text);
    assert_eq!((all[0].0.as_str(), attribute(&all[0], "version")), ("rss", Some("2.0")));
    for once in ["title", "link", "description", "lastBuildDate", "language"] {
        assert_eq!(texts(&all, &format!("rss/channel/{once}")).len(), 1, "{once}");
    }
    for each in ["title", "link", "guid", "pubDate", "description"] {
        assert_eq!(texts(&all, &format!("rss/channel/item/{each}")).len(), 3, "{each}");
    }
    let guids = texts(&all, "rss/channel/item/guid");
    assert_eq!(guids.iter().collect::<BTreeSet<_>>().len(), 3);
    let guid = all.iter().find(|(path, ..)| path.ends_with("/guid")).unwrap();
    assert_eq!(attribute(guid, "isPermaLink"), Some("false"), "a guid is no address");
    for date in
        texts(&all, "rss/channel/item/pubDate").into_iter().chain(texts(&all, "rss/channel/lastBuildDate"))
    {
        let read = DateTime::parse_from_rfc2822(date).unwrap();
        assert_eq!(
            read.format("%a, %d %b %Y %H:%M:%S +0000").to_string(),
            date,
            "with its right day of the week"
        );
    }
    for url in texts(&all, "rss/channel/link").into_iter().chain(texts(&all, "rss/channel/item/link")) {
        absolute(url);
    }
    assert!(!all.iter().any(|(path, ..)| path.ends_with("item/author")), "it would have to be an address");
    let enclosures: Vec<_> = all.iter().filter(|(path, ..)| path.ends_with("/enclosure")).collect();
    assert_eq!(enclosures.len(), 1);
    assert_eq!(
        ["url", "length", "type"].map(|name| attribute(enclosures[0], name).unwrap()),
        ["https://example.org/a.png?x=1&y=2", "1234", "image/png"]
    );
    let links = all.iter().filter(|(path, ..)| path == "rss/channel/atom:link");
    let links: Vec<_> =
        links.map(|link| (attribute(link, "rel").unwrap(), attribute(link, "href").unwrap())).collect();
    let own = "https://stage.example/v1/stages/rathaus/feed.rss";
    assert_eq!(links, [("self", own), ("hub", "https://hub.example/")]);
}

#[tokio::test]
async fn the_json_feed_keeps_the_rules_of_version_1_1() {
    let house = house(|_| {}).await;
    let answer = house.get("/v1/stages/rathaus/feed.json?limit=2").await;
    assert_eq!(answer.headers["content-type"], "application/feed+json");
    let feed = &answer.json;
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(feed["feed_url"], "https://stage.example/v1/stages/rathaus/feed.json?limit=2");
    assert!(feed.get("hubs").is_none(), "none is told where there is none");
    let items = feed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    for item in items {
        assert!(item["id"].as_str().unwrap().starts_with("urn:uuid:"));
        assert!(item["content_html"].is_string() || item["content_text"].is_string());
        absolute(item["url"].as_str().unwrap());
        DateTime::parse_from_rfc3339(item["date_published"].as_str().unwrap()).unwrap();
        for attachment in item["attachments"].as_array().into_iter().flatten() {
            assert!(attachment["url"].is_string() && attachment["mime_type"].is_string());
        }
    }
    let next = feed["next_url"].as_str().unwrap().strip_prefix("https://stage.example").unwrap();
    let rest = house.get(next).await;
    assert_eq!(rest.json["items"].as_array().unwrap().len(), 1);
    assert!(rest.json.get("next_url").is_none());
}

#[tokio::test]
async fn our_own_reader_finds_the_same_posts_in_every_format() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let house = house(|_| {}).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = house.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let settings =
        Settings { allow_private_addresses: true, timeout: Duration::from_secs(60), ..Settings::default() };
    let connectors = Connectors::new(settings).unwrap();
    let mut all = vec![];
    for format in ["feed.json", "feed.atom", "feed.rss"] {
        let address = format!("http://{address}/v1/stages/rathaus/{format}");
        let fetched = connectors.of(Network::Feed).fetch(&address, &Cursor::default()).await.unwrap();
        let Fetched::Document(document) = fetched else { panic!("there is a document") };
        assert_eq!(document.title.as_deref(), Some("Rathaus & Bürger"));
        let posts = document.posts.into_iter().map(|post| {
            (post.network_id, post.content.title, post.content.published_at, post.content.language)
        });
        all.push(posts.collect::<Vec<_>>());
    }
    assert_eq!(all[0].len(), 3);
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
    let (_, title, published, language) = all[0].iter().find(|post| post.2 == Some(at(1))).unwrap();
    assert_eq!((title.as_deref(), language.as_deref()), (Some("Über Fest & <mehr>"), Some("de")));
    assert_eq!(*published, Some(at(1)));
    server.abort();
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused_by_its_name() {
    let house = house(|_| {}).await;
    for (query, field) in [
        ("since=yesterday", "since"),
        ("until=2026-02-30T00:00:00Z", "until"),
        ("language=d%C3%A4", "language"),
        ("text=", "text"),
        ("text=%20", "text"),
        ("words=a", "words"),
    ] {
        for path in ["posts", "feed.json", "feed.atom", "feed.rss"] {
            let refused = house.get(&format!("/v1/stages/rathaus/{path}?{query}")).await;
            assert_eq!(refused.problem(422, "validation"), [field], "{path} {query}");
        }
    }
    let german =
        house.ask(request("GET", "/v1/stages/rathaus/posts?since=x", &[("accept-language", "de")], "")).await;
    assert!(german.text.contains("muss ein Zeitpunkt"), "{}", german.text);
    let found = house.get("/v1/stages/rathaus/posts?text=fest&language=de&since=2026-11-23T12:00:00Z&until=2026-11-23T12:02:00Z").await;
    assert_eq!(found.json["posts"].as_array().unwrap().len(), 1, "{}", found.text);
    // Each selection is a feed of its own.
    let id = async |query: &str| {
        let feed = house.get(&format!("/v1/stages/rathaus/feed.atom?{query}")).await;
        texts(&elements(&feed.text), "feed/id")[0].to_owned()
    };
    assert_ne!(id("text=fest").await, id("").await);
    assert_eq!(id("text=fest").await, id("text=fest").await);
}
