//! Following a stage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::StatusCode,
};
use common::{
    House, request,
    stage::{at, content},
};
use futures::StreamExt;
use stage_domain::stage::StageEvent;
use tower::ServiceExt;

/// A stream of events, as a browser reads it.
struct Stream {
    body: BodyDataStream,
    buffer: String,
}

#[derive(Debug, PartialEq)]
struct Received {
    id: String,
    event: String,
    data: serde_json::Value,
}

impl Stream {
    async fn open(house: &House, last: Option<&str>) -> Self {
        let headers: Vec<_> = last.map(|last| ("last-event-id", last)).into_iter().collect();
        let asked = request("GET", "/v1/stages/rathaus/live", &headers, "");
        let answer = house.router.clone().oneshot(asked).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { body: Body::into_data_stream(answer.into_body()), buffer: String::new() }
    }

    /// The next block; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Received> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(&format!("{name}: ")))
                        .unwrap_or_default()
                        .to_owned()
                };
                let data = serde_json::from_str(&field("data")).unwrap_or_default();
                return Some(Received { id: field("id"), event: field("event"), data });
            }
            let more = tokio::time::timeout(Duration::from_secs(20), self.body.next())
                .await
                .expect("comes in time")?;
            self.buffer.push_str(std::str::from_utf8(&more.unwrap()).unwrap());
        }
    }

    async fn change(&mut self) -> Received {
        let received = self.next().await.unwrap();
        assert_eq!(received.event, "change", "{received:?}");
        received
    }
}

async fn house() -> House {
    let house = House::new().await;
    house.with_stage().await;
    house
}

#[tokio::test]
async fn who_follows_hears_of_every_post_once_and_in_order() {
    let house = house().await;
    let old = house.import(1, content("Fest", 1)).await;
    house.catch_up().await;
    let (mut one, mut other) = (Stream::open(&house, None).await, Stream::open(&house, None).await);
    let begin = one.next().await.unwrap();
    assert!(!begin.id.is_empty() && begin.event.is_empty());
    other.next().await.unwrap();

    let new = house.import(2, content("Markt", 2)).await;
    house.catch_up().await;
    house.hide(old, 1).await;
    house.catch_up().await;
    for stream in [&mut one, &mut other] {
        let first = stream.change().await;
        assert_eq!((&first.data["id"], &first.data["state"]), (&new.to_string().into(), &"visible".into()));
        assert_eq!(first.data["post"]["text"], "Markt & mehr");
        let second = stream.change().await;
        assert_eq!((&second.data["id"], &second.data["state"]), (&old.to_string().into(), &"hidden".into()));
        assert!(second.data["post"].is_null());
    }
}

#[tokio::test]
async fn who_was_cut_goes_on_where_they_were_and_misses_nothing() {
    let house = house().await;
    house.import(1, content("Fest", 1)).await;
    house.catch_up().await;
    let mut stream = Stream::open(&house, None).await;
    let begin = stream.next().await.unwrap().id;
    let second = house.import(2, content("Fest", 2)).await;
    house.catch_up().await;
    let heard = stream.change().await;
    drop(stream);
    // More than one page, and more than a channel holds.
    let mut missed = vec![];
    for number in 3..120 {
        missed.push(house.import(number, content("Fest", number % 60)).await);
    }
    house.catch_up().await;
    let mut stream = Stream::open(&house, Some(&heard.id)).await;
    assert_eq!(stream.next().await.unwrap().id, heard.id);
    for post in &missed {
        assert_eq!(stream.change().await.data["id"], post.to_string());
    }
    let live = house.import(120, content("Fest", 1)).await;
    house.catch_up().await;
    assert_eq!(stream.change().await.data["id"], live.to_string(), "and then it goes on");
    // Also who had received nothing yet.
    let mut stream = Stream::open(&house, Some(&begin)).await;
    stream.next().await.unwrap();
    assert_eq!(stream.change().await.data["id"], second.to_string());
}

async fn define_a_topic(house: &House) {
    let topic = stage_domain::topics::Topic {
        id: stage_domain::TopicId(uuid::Uuid::from_u128(7)),
        name: "Kultur".into(),
        rules: stage_domain::topics::Rules::default(),
    };
    house.stage(1, StageEvent::TopicDefined { topic, at: at(1) }).await;
    house.catch_up().await;
}

#[tokio::test]
async fn other_topics_are_told_and_the_end_of_the_stage_ends_the_stream() {
    let house = house().await;
    let mut stream = Stream::open(&house, None).await;
    let begin = stream.next().await.unwrap().id;
    define_a_topic(&house).await;
    let told = stream.next().await.unwrap();
    assert_eq!((told.event.as_str(), &told.data["topics"][0]["name"]), ("topics", &"Kultur".into()));
    let mut late = Stream::open(&house, Some(&begin)).await;
    late.next().await.unwrap();
    assert_eq!(late.next().await.unwrap().event, "topics", "also to who was away");

    house.stage(2, StageEvent::StageClosed { at: at(2) }).await;
    house.catch_up().await;
    for stream in [&mut stream, &mut late] {
        assert_eq!(stream.next().await.unwrap().event, "gone");
        assert_eq!(stream.next().await, None);
    }
    let gone = house.get("/v1/stages/rathaus/live").await;
    gone.problem(404, "not-found");
}

#[tokio::test]
async fn who_is_cut_before_they_hear_of_other_topics_hears_of_them_when_they_come_back() {
    let house = house().await;
    house.import(1, content("Fest", 1)).await;
    house.catch_up().await;
    let mut watching = Stream::open(&house, None).await;
    let away = watching.next().await.unwrap().id;
    let posts = [house.import(2, content("Fest", 2)).await, house.import(3, content("Fest", 3)).await];
    define_a_topic(&house).await;

    let mut back = Stream::open(&house, Some(&away)).await;
    back.next().await.unwrap();
    // Cut after the first of them, whether it was watched as it came or caught up with.
    for mut stream in [watching, back] {
        let first = stream.change().await;
        assert_eq!(first.data["id"], posts[0].to_string());
        drop(stream);
        let mut again = Stream::open(&house, Some(&first.id)).await;
        again.next().await.unwrap();
        assert_eq!(again.change().await.data["id"], posts[1].to_string());
        assert_eq!(again.next().await.unwrap().event, "topics");
    }
    let mut all = Stream::open(&house, Some(&away)).await;
    all.next().await.unwrap();
    for post in posts {
        assert_eq!(all.change().await.data["id"], post.to_string());
    }
    assert_eq!(all.next().await.unwrap().event, "topics");
    house.hide(posts[0], 1).await;
    house.catch_up().await;
    assert_eq!(all.change().await.data["state"], "hidden", "topics are told once");
}

#[tokio::test]
async fn the_changes_of_a_stage_are_read_page_by_page() {
    let house = house().await;
    let (kept, hidden) =
        (house.import(1, content("Fest", 1)).await, house.import(2, content("Fest", 2)).await);
    house.catch_up().await;
    let first = house.get("/v1/stages/rathaus/changes?limit=1").await;
    assert_eq!(
        (&first.json["changes"][0]["id"], &first.json["more"]),
        (&kept.to_string().into(), &true.into())
    );
    let next = first.json["next"].as_str().unwrap().strip_prefix("https://stage.example").unwrap().to_owned();
    assert!(first.headers["link"].to_str().unwrap().contains(&next));
    house.hide(hidden, 1).await;
    house.catch_up().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = house.get(&next).await;
    assert_eq!(second.json["changes"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&second.json["changes"][0]["state"], &second.json["changes"][0]["post"]),
        (&"hidden".into(), &serde_json::Value::Null)
    );
    assert_eq!(second.json["more"], false);
    let end = house
        .get(&format!("/v1/stages/rathaus/changes?since={}", second.json["cursor"].as_str().unwrap()))
        .await;
    assert!(end.json["changes"].as_array().unwrap().is_empty());
    assert_eq!(house.get("/v1/stages/rathaus/changes?since=x").await.problem(404, "not-found"), ["since"]);
}

#[tokio::test]
async fn a_stream_has_no_length() {
    let house = house().await;
    let head = house.ask(request("HEAD", "/v1/stages/rathaus/live", &[], "")).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(head.headers["content-type"], "text/event-stream");
    assert!(!head.headers.contains_key("content-length"));
}
