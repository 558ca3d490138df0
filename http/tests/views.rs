//! Counting: who is counted as what, and how the counts are read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use axum::http::StatusCode;
use common::{
    House, request,
    stage::{STAGE, at, content},
};
use serde_json::json;
use stage_domain::{PostId, post::PostEvent};
use stage_projections::views::{Counts, Part, ViewBatch, Viewed, count};
use uuid::Uuid;

const BOT: (&str, &str) =
    ("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
const BROWSER: (&str, &str) =
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn house() -> (House, PostId) {
    let house = House::new().await;
    house.with_stage().await;
    let post = house.import(1, content("Fest", 1)).await;
    house.catch_up().await;
    (house, post)
}

/// Counts as the workers would.
async fn counted(house: &House, journal: u128, counts: &[(Viewed, &str, u64, u64)]) {
    let counts = counts.iter().map(|(viewed, day, views, bots)| {
        ((*viewed, day.parse().unwrap()), Counts { views: *views, bots: *bots })
    });
    let batch = ViewBatch {
        journals: [(Uuid::from_u128(journal), Part { after: 0, up_to: 1 })].into(),
        counts: counts.collect(),
    };
    count(&mut house.database.pool.acquire().await.unwrap(), &batch, || ()).await.unwrap();
}

#[tokio::test]
async fn a_bot_is_counted_apart_however_it_reads() {
    let (house, post) = house().await;
    let paths = [format!("/v1/posts/{post}"), "/v1/stages/rathaus".into(), "/s/rathaus".into()];
    for agent in [BOT, BROWSER] {
        for path in &paths {
            // From the read model, and then from memory.
            for _ in 0..2 {
                assert_eq!(house.ask(request("GET", path, &[agent], "")).await.status, StatusCode::OK);
            }
        }
        let report = json!({"posts": [post.0, post.0], "stages": ["rathaus"]}).to_string();
        let answer = house.ask(request("POST", "/v1/views", &[agent, JSON], &report)).await;
        assert_eq!(answer.json["accepted"], 3);
    }
    let tally = |seen: &[Viewed]| {
        let of = |viewed| seen.iter().filter(|seen| **seen == viewed).count();
        (of(Viewed::Post(post)), of(Viewed::Stage(STAGE)))
    };
    assert_eq!(tally(&house.seen.bots.lock().unwrap()), (4, 5));
    assert_eq!(tally(&house.seen.views.lock().unwrap()), (4, 5));
}

#[tokio::test]
async fn a_post_that_was_hidden_a_moment_ago_is_not_counted() {
    let (house, post) = house().await;
    let report = json!({"posts": [post.0]}).to_string();
    for _ in 0..2 {
        assert_eq!(house.post("/v1/views", &report).await.json["accepted"], 1);
    }
    house.post_event(post, 1, PostEvent::PostHidden { stage_id: STAGE, at: at(59) }).await;
    house.catch_up().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(house.post("/v1/views", &report).await.json["accepted"], 0);
    house.post_event(post, 2, PostEvent::PostShown { stage_id: STAGE, at: at(59) }).await;
    house.catch_up().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(house.post("/v1/views", &report).await.json["accepted"], 1);
}

#[tokio::test]
async fn counts_are_read_in_total_and_by_day() {
    let (house, post) = house().await;
    let counts = [
        (Viewed::Post(post), "2026-11-01", 5, 1),
        (Viewed::Post(post), "2026-11-02", 0, 2),
        (Viewed::Post(post), "2026-11-09", 7, 0),
        (Viewed::Stage(STAGE), "2026-11-02", 3, 0),
    ];
    counted(&house, 1, &counts).await;
    let answer = house.get(&format!("/v1/posts/{post}/views?from=2026-11-02&to=2026-11-10")).await;
    let wanted = json!({"views": 12, "bot_views": 3, "from": "2026-11-02", "to": "2026-11-10", "days": [
        {"day": "2026-11-02", "views": 0, "bot_views": 2},
        {"day": "2026-11-09", "views": 7, "bot_views": 0},
    ]});
    assert_eq!((answer.status, answer.json), (StatusCode::OK, wanted));
    let answer = house.get("/v1/stages/rathaus/views?from=2026-11-03&to=2026-11-03").await;
    let wanted = json!({"views": 3, "bot_views": 0, "from": "2026-11-03", "to": "2026-11-03", "days": []});
    assert_eq!(answer.json, wanted);
    let shown = house.get(&format!("/v1/posts/{post}")).await;
    assert_eq!((&shown.json["views"], &shown.json["bot_views"]), (&json!(12), &json!(3)));
    let shown = house.get("/v1/stages/rathaus").await;
    assert_eq!((&shown.json["views"], &shown.json["bot_views"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn a_period_without_words_is_the_last_thirty_days() {
    let (house, _) = house().await;
    let answer = house.get("/v1/stages/rathaus/views").await;
    let day = |name: &str| answer.json[name].as_str().unwrap().parse::<chrono::NaiveDate>().unwrap();
    assert_eq!((day("to") - day("from")).num_days(), 29);
    assert_eq!(day("to"), chrono::Utc::now().date_naive());
}

#[tokio::test]
async fn a_period_that_makes_no_sense_is_refused() {
    let (house, _) = house().await;
    for (query, field) in [
        ("from=2026-11-02&to=2026-11-01", "from"),
        ("from=2024-11-02&to=2026-11-01", "from"),
        ("from=2026-13-01", "from"),
        ("to=yesterday", "to"),
        ("to=2026-1-1", "to"),
        ("to=0000-01-01", "to"),
        ("since=2026-11-01", "since"),
    ] {
        let answer = house.get(&format!("/v1/stages/rathaus/views?{query}")).await;
        assert_eq!(answer.problem(422, "validation"), [field], "{query}");
    }
    let longest = house.get("/v1/stages/rathaus/views?from=2025-11-01&to=2026-11-01").await;
    assert_eq!(longest.status, StatusCode::OK);
}

#[tokio::test]
async fn a_badge_shows_the_number_in_the_readers_language() {
    let (house, post) = house().await;
    counted(
        &house,
        1,
        &[(Viewed::Post(post), "2026-11-01", 4711, 12), (Viewed::Stage(STAGE), "2026-11-01", 1, 9)],
    )
    .await;
    let badge = |path: String, language: &'static str| {
        let house = &house;
        async move { house.ask(request("GET", &path, &[("accept-language", language)], "")).await }
    };
    let german = badge(format!("/v1/posts/{post}/views.svg"), "de").await;
    assert!(german.text.contains(">4.711<") && german.text.contains(">Aufrufe<"), "{}", german.text);
    assert_eq!(german.headers["content-type"], "image/svg+xml");
    assert_eq!(german.headers["content-language"], "de");
    assert_eq!(german.headers["vary"], "accept-encoding, accept-language");
    assert_eq!(german.headers["cross-origin-resource-policy"], "cross-origin");
    assert!(german.headers["cache-control"].to_str().unwrap().contains("stale-while-revalidate"));
    let english = badge("/v1/stages/rathaus/views.svg".into(), "en").await;
    assert!(english.text.contains("Rathaus &#38; Bürger, views: 1"), "{}", english.text);
    let tag = english.headers["etag"].to_str().unwrap();
    let known = [("accept-language", "en"), ("if-none-match", tag)];
    let known = house.ask(request("GET", "/v1/stages/rathaus/views.svg", &known, "")).await;
    assert_eq!((known.status, known.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert!(house.seen.views.lock().unwrap().is_empty(), "reading counts is no view");
}

#[tokio::test]
async fn nobody_reads_counts_of_what_they_do_not_see() {
    let (house, post) = house().await;
    house.post_event(post, 1, PostEvent::PostHidden { stage_id: STAGE, at: at(59) }).await;
    house.catch_up().await;
    for path in [
        format!("/v1/posts/{post}/views"),
        format!("/v1/posts/{post}/views.svg"),
        "/v1/stages/nowhere/views".into(),
        "/v1/stages/nowhere/views.svg".into(),
    ] {
        assert_eq!(house.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let stranger = house.person("stranger@example.org").await;
    for path in
        [format!("/api/v1/stages/{STAGE}/views"), format!("/api/v1/stages/{STAGE}/posts/{post}/views")]
    {
        assert_eq!(house.get(&path).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(stranger.send("GET", &path, &[], "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn on_a_full_disk_a_report_is_refused_and_a_page_goes_out_uncounted() {
    let (house, post) = house().await;
    house.seen.full.store(true, std::sync::atomic::Ordering::SeqCst);
    let report = json!({"posts": [post.0]}).to_string();
    assert_eq!(house.post("/v1/views", &report).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(house.get(&format!("/v1/posts/{post}")).await.status, StatusCode::OK);
    assert!(house.seen.views.lock().unwrap().is_empty());
    house.seen.full.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(house.post("/v1/views", &report).await.json["accepted"], 1);
}
