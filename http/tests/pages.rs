//! Pages in memory: right at every moment, counted, and in the form that the reader asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    io::Read as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{body::to_bytes, http::StatusCode};
use common::{
    House, request,
    stage::{SOURCE, STAGE, at, content},
};
use stage_domain::{PostId, source::SourceEvent, stage::StageEvent};
use stage_projections::views::Viewed;
use tower::ServiceExt;
use tracing_subscriber::{Layer, layer::SubscriberExt};

const PAGES: [&str; 10] = [
    "/v1/stages/rathaus",
    "/v1/stages/rathaus/posts",
    "/v1/stages/rathaus/posts?text=fest",
    "/v1/stages/rathaus/feed.json",
    "/v1/stages/rathaus/feed.atom",
    "/v1/stages/rathaus/feed.rss",
    "/v1/stages/rathaus/changes",
    "/s/rathaus",
    "/s/rathaus/sitemap.xml",
    "/sitemap.xml",
];

async fn house() -> (House, PostId) {
    let house = House::new().await;
    house.with_stage().await;
    let post = house.import(1, content("Fest", 1)).await;
    house.catch_up().await;
    (house, post)
}

/// Statements that were sent to the database.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Text(String);
        impl tracing::field::Visit for Text {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{value:?} "));
            }
        }
        if event.metadata().target() == "sqlx::query" {
            let mut text = Text(String::new());
            event.record(&mut text);
            self.0.lock().unwrap().push(text.0);
        }
    }
}

impl Statements {
    /// Those since the last time, without the one small question about what moved, which all readers share.
    fn taken(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.0.lock().unwrap());
        all.into_iter().filter(|statement| !statement.contains("to_regclass")).collect()
    }
}

#[tokio::test]
async fn a_page_that_is_not_in_memory_takes_at_most_three_statements_and_one_that_is_takes_none() {
    let (house, post) = house().await;
    let statements = Statements::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(statements.clone()));
    let posts = [
        format!("/v1/posts/{post}"),
        format!("/s/rathaus/posts/{post}"),
        format!("/v1/oembed?url=https://stage.example/v1/posts/{post}"),
    ];
    for path in PAGES.iter().map(ToString::to_string).chain(posts) {
        statements.taken();
        let first = house.get(&path).await;
        assert_eq!(first.status, StatusCode::OK, "{path}: {}", first.text);
        let miss = statements.taken();
        assert!((1..=3).contains(&miss.len()), "{path}: {miss:#?}");
        let again = house.get(&path).await;
        assert_eq!((again.status, &again.text), (StatusCode::OK, &first.text));
        assert_eq!(statements.taken(), Vec::<String>::new(), "{path}");
    }
}

#[tokio::test]
async fn no_page_is_older_than_fifty_milliseconds_whatever_changes() {
    let (house, post) = house().await;
    house.import(2, content("Markt", 2)).await;
    house.catch_up().await;
    let topic = |name: &str| stage_domain::topics::Topic {
        id: stage_domain::TopicId(uuid::Uuid::from_u128(7)),
        name: name.into(),
        rules: stage_domain::topics::Rules {
            include: vec![stage_domain::topics::Rule {
                kind: stage_domain::topics::RuleKind::Term,
                text: "Fest".into(),
            }],
            exclude: vec![],
        },
    };
    let mut all: Vec<String> = PAGES.iter().map(ToString::to_string).collect();
    all.retain(|path| !path.ends_with("sitemap.xml"));
    for round in 0..6 {
        let mut before = vec![];
        for path in &all {
            before.push(house.get(path).await.text);
        }
        match round {
            0 => house.hide(post, 1).await,
            1 => {
                house
                    .post_event(
                        post,
                        2,
                        stage_domain::post::PostEvent::PostShown { stage_id: STAGE, at: at(59) },
                    )
                    .await
            }
            2 => house.stage(1, StageEvent::TopicDefined { topic: topic("Kultur"), at: at(59) }).await,
            3 => house.stage(2, StageEvent::TopicChanged { topic: topic("Feste"), at: at(59) }).await,
            4 => house.stage(3, StageEvent::StageRenamed { name: "Bürgerhaus".into(), at: at(59) }).await,
            _ => {
                let mut batch = stage_store::Batch::default();
                let unlinked = SourceEvent::SourceUnlinked { at: at(59) };
                batch.add::<stage_domain::source::Source>(SOURCE.0, 1, &[unlinked]).unwrap();
                house.log.append(batch, stage_store::Act::default()).await.unwrap();
            }
        }
        house.catch_up().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        for (path, old) in all.iter().zip(before) {
            let now = house.get(path).await.text;
            // A filter or a format may not show what changed; then the page that was asked for anew is the same too.
            let anew =
                house.get(&format!("{path}{}limit=20", if path.contains('?') { "&" } else { "?" })).await;
            if anew.status == StatusCode::OK
                && !path.contains("changes")
                && *path != "/s/rathaus"
                && !path.contains("feed")
            {
                assert_eq!(
                    anew.json["posts"],
                    serde_json::from_str::<serde_json::Value>(&now).unwrap()["posts"],
                    "{path}"
                );
            }
            let hides = matches!(round, 0 | 5) && !path.contains("changes") && *path != "/v1/stages/rathaus";
            assert!(!hides || old != now, "round {round}: {path} is still the old one");
        }
    }
}

#[tokio::test]
async fn a_page_rendered_from_an_older_state_is_never_kept_as_new() {
    let (house, _) = house().await;
    // Readers ask all the while; the page after each change must be the new one at once for who waits for it, and within
    // 50 ms for everybody.
    let router = house.router.clone();
    let reading = tokio::spawn(async move {
        loop {
            let asked = request("GET", "/v1/stages/rathaus/posts", &[], "");
            let answer = router.clone().oneshot(asked).await.unwrap();
            to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    for number in 2..40 {
        house.import(number, content("Fest", number)).await;
        house.catch_up().await;
        let committed = Instant::now();
        loop {
            let asked = Instant::now();
            let page = house.get("/v1/stages/rathaus/posts?limit=20").await;
            let newest = page.json["posts"][0]["published_at"].as_str().unwrap().to_owned();
            if newest == at(number).to_rfc3339_opts(chrono::SecondsFormat::Secs, true) {
                break;
            }
            assert!(
                asked - committed < Duration::from_millis(50),
                "post {number} is missing after {:?}",
                asked - committed
            );
        }
    }
    reading.abort();
}

#[tokio::test]
async fn reads_count_also_from_memory_and_lists_do_not() {
    let (house, post) = house().await;
    let path = format!("/v1/posts/{post}");
    for _ in 0..3 {
        house.get(&path).await;
        house.get("/v1/stages/rathaus").await;
        house.get("/v1/stages/rathaus/posts").await;
        house.get("/v1/stages/rathaus/feed.atom").await;
    }
    house.ask(request("HEAD", &path, &[], "")).await;
    let tag = house.get(&path).await.headers["etag"].to_str().unwrap().to_owned();
    let known = house.ask(request("GET", &path, &[("if-none-match", &tag)], "")).await;
    assert_eq!((known.status, known.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(known.headers["etag"], tag.as_str());
    assert!(!known.headers.contains_key("content-type"));
    let seen = house.seen.views.lock().unwrap();
    let count = |viewed: Viewed| seen.iter().filter(|seen| **seen == viewed).count();
    assert_eq!((count(Viewed::Post(post)), count(Viewed::Stage(STAGE))), (5, 3));
}

#[tokio::test]
async fn each_coding_has_its_own_tag_and_reads_back_to_the_same() {
    let (house, _) = house().await;
    for number in 2..12 {
        house.import(number, content("Fest", number)).await;
    }
    house.catch_up().await;
    for path in ["/v1/stages/rathaus/feed.atom", "/v1/stages/rathaus/posts", "/s/rathaus"] {
        let plain = house.get(path).await;
        assert!(plain.headers["vary"].to_str().unwrap().contains("accept-encoding"));
        assert!(!plain.headers.contains_key("content-encoding"));
        let mut tags = vec![plain.headers["etag"].clone()];
        // The second time it comes the short way.
        for coding in ["gzip", "br", "gzip", "br"] {
            let asked = request("GET", path, &[("accept-encoding", coding)], "");
            let answer = house.router.clone().oneshot(asked).await.unwrap();
            assert_eq!(answer.headers()["content-encoding"], coding);
            let tag = answer.headers()["etag"].clone();
            let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let mut text = String::new();
            match coding {
                "gzip" => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap(),
                _ => brotli::Decompressor::new(&bytes[..], 4096).read_to_string(&mut text).unwrap(),
            };
            assert_eq!(text, plain.text, "{path} {coding}");
            let again = [("accept-encoding", coding), ("if-none-match", tag.to_str().unwrap())];
            assert_eq!(house.ask(request("GET", path, &again, "")).await.status, StatusCode::NOT_MODIFIED);
            let other = [("if-none-match", tag.to_str().unwrap())];
            assert_eq!(
                house.ask(request("GET", path, &other, "")).await.status,
                StatusCode::OK,
                "strong is strong"
            );
            tags.push(tag);
        }
        tags.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        tags.dedup();
        assert_eq!(tags.len(), 3, "{tags:?}");
    }
}

#[tokio::test]
async fn head_and_options_say_what_get_would() {
    let (house, _) = house().await;
    for path in PAGES {
        let whole = house.get(path).await;
        let head = house.ask(request("HEAD", path, &[], "")).await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""), "{path}");
        for name in ["content-type", "etag", "cache-control", "vary"] {
            assert_eq!(head.headers[name], whole.headers[name], "{path} {name}");
        }
        assert_eq!(head.headers["content-length"], whole.text.len().to_string(), "{path}");
        let options = house.ask(request("OPTIONS", path, &[], "")).await;
        assert_eq!(options.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(options.headers["allow"], "GET,HEAD,OPTIONS", "{path}");
    }
    let lists = house.get("/v1/stages/rathaus/feed.atom").await;
    let caching = lists.headers["cache-control"].to_str().unwrap();
    assert!(caching.contains("stale-while-revalidate") && caching.contains("max-age=0"), "{caching}");
    assert_eq!(lists.headers["access-control-allow-origin"], "*");
    let waited = house.get("/v1/stages/rathaus/feed.atom?wait_for=1").await;
    assert_eq!(waited.headers["cache-control"], "public, no-cache");
    assert_eq!(house.get("/v1/stages/rathaus").await.headers["cache-control"], "public, no-cache");
}

#[tokio::test]
async fn what_is_no_parameter_is_refused_so_that_nobody_fills_the_memory_with_copies() {
    let (house, post) = house().await;
    let post = format!("/v1/posts/{post}");
    for path in PAGES.iter().copied().chain([post.as_str()]) {
        let with = |more: &str| format!("{path}{}{more}", if path.contains('?') { '&' } else { '?' });
        assert_eq!(house.get(&with("copy=1")).await.problem(422, "validation"), ["copy"], "{path}");
        let waited = house.get(&with("wait_for=1")).await;
        assert_eq!(waited.headers["cache-control"], "public, no-cache", "{path} is made anew, and not kept");
        assert_eq!(house.get(&with("wait_for=x")).await.problem(422, "validation"), ["wait_for"], "{path}");
    }
}

#[tokio::test]
async fn without_the_database_nothing_old_is_served() {
    let (house, _) = house().await;
    assert_eq!(house.get("/v1/stages/rathaus/posts").await.status, StatusCode::OK);
    house.database.pool.close().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = house.get("/v1/stages/rathaus/posts").await;
    answer.problem(503, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_link_to_a_page_can_be_previewed_and_the_page_loads_nothing() {
    let (house, post) = house().await;
    let hidden = house.import(2, content("Geheim", 2)).await;
    house.hide(hidden, 1).await;
    house.catch_up().await;
    let page = house.get(&format!("/s/rathaus/posts/{post}")).await;
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let url = format!("https://stage.example/s/rathaus/posts/{post}");
    for part in [
        format!("<link rel=\"canonical\" href=\"{url}\">"),
        format!("<meta property=\"og:url\" content=\"{url}\">"),
        "<meta property=\"og:type\" content=\"article\">".to_owned(),
        "<meta property=\"og:title\" content=\"Über Fest &#38; &#60;mehr&#62;\">".to_owned(),
        "rel=\"alternate\" type=\"application/atom+xml\"".to_owned(),
    ] {
        assert!(page.text.contains(&part), "{part}\n{}", page.text);
    }
    let (_, json) = page.text.split_once("<script type=\"application/ld+json\">").unwrap();
    let json: serde_json::Value = serde_json::from_str(json.split_once("</script>").unwrap().0).unwrap();
    assert_eq!((&json["@type"], &json["headline"]), (&"Article".into(), &"Über Fest & <mehr>".into()));
    for loads in [" src=", "url(", "@import", "rel=\"stylesheet\"", "rel=\"preload\"", "<img", "<iframe"] {
        assert!(!page.text.contains(loads), "{loads}");
    }
    let german = house.ask(request("GET", "/s/rathaus", &[("accept-language", "de")], "")).await;
    assert!(german.text.contains("lang=\"de\"") && german.text.contains("Folgen, ohne Konto"));
    assert!(house.get("/s/rathaus").await.text.contains("Follow without an account"));
    assert!(german.headers["vary"].to_str().unwrap().contains("accept-language"));
    assert!(!german.text.contains("Geheim"));
    house.get(&format!("/s/rathaus/posts/{hidden}")).await.problem(404, "not-found");
    house.get("/s/nowhere").await.problem(404, "not-found");

    let discovered =
        page.text.split("json+oembed").nth(1).unwrap().split("href=\"https://stage.example").nth(1).unwrap();
    let discovered = discovered.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let embed = house.get(&discovered).await;
    assert_eq!(
        (&embed.json["version"], &embed.json["type"]),
        (&"1.0".into(), &"rich".into()),
        "{}",
        embed.text
    );
    assert_eq!(embed.json["title"], "Über Fest & <mehr>");
    assert!(embed.json["html"].as_str().unwrap().contains("Fest &amp; mehr"));
    assert_eq!((&embed.json["width"], &embed.json["height"]), (&600.into(), &600.into()));
    let small = house.get(&format!("{discovered}&maxwidth=320&maxheight=200")).await.json;
    assert_eq!((&small["width"], &small["height"]), (&320.into(), &200.into()));
    assert!(small["html"].as_str().unwrap().contains("max-width:320px;max-height:200px"), "{small}");
    let image = |width, height| stage_domain::post::Media {
        kind: stage_domain::post::MediaKind::Image,
        url: "https://example.org/a.png".parse().unwrap(),
        content_type: Some("image/png".into()),
        alt: None,
        width: Some(width),
        height: Some(height),
        preview: None,
        duration: None,
        bytes: None,
    };
    let shown = stage_domain::post::PostContent {
        media: vec![image(800, 600), image(300, 200)],
        ..content("Bild", 3)
    };
    let shown = house.import(3, shown).await;
    house.catch_up().await;
    for (room, width) in [("", Some(800)), ("&maxwidth=320", Some(300)), ("&maxheight=100", None)] {
        let path = format!("/v1/oembed?url=https://stage.example/v1/posts/{shown}{room}");
        assert_eq!(house.get(&path).await.json["thumbnail_width"].as_u64(), width, "no larger than {room}");
    }
    let xml = house.get(&discovered.replace("format=json", "format=xml")).await;
    assert_eq!(xml.headers["content-type"], "text/xml; charset=utf-8");
    assert!(xml.text.contains("<title>Über Fest &amp; &lt;mehr&gt;</title>"), "{}", xml.text);
    let of = |url: &str| format!("/v1/oembed?url={url}");
    assert_eq!(house.get(&of("https://stage.example/s/rathaus")).await.json["type"], "link");
    house
        .get(&of(&format!("https://stage.example/s/rathaus/posts/{hidden}")))
        .await
        .problem(404, "not-found");
    house.get(&of("https://elsewhere.example/s/rathaus")).await.problem(404, "not-found");

    let robots = house.get("/robots.txt").await;
    assert!(robots.text.contains("Sitemap: https://stage.example/sitemap.xml"));
    let index = house.get("/sitemap.xml").await;
    assert!(index.text.contains("<loc>https://stage.example/s/rathaus/sitemap.xml</loc>"), "{}", index.text);
    let map = house.get("/s/rathaus/sitemap.xml").await;
    assert!(map.text.contains(&format!("<loc>{url}</loc>")) && !map.text.contains(&hidden.to_string()));
}
