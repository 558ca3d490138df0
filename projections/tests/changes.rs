//! What mirrors and caches are told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;

use common::{Logbook, STAGE, World, at, content, created, id, topic, world};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use stage_domain::{PostId, SourceId, StageId, post::PostEvent, source::SourceEvent, stage::StageEvent};
use stage_projections::{
    ProjectionError,
    feed::{Known, PostState},
    heads::{Heads, Stages},
};

const SOURCE: SourceId = SourceId(uuid::Uuid::from_u128(200));
const OTHER: SourceId = SourceId(uuid::Uuid::from_u128(201));

fn begun() -> Logbook {
    let mut log = Logbook::default();
    log.stage(created("rathaus"));
    log.linked(SOURCE).linked(OTHER);
    log
}

/// A mirror: what it holds of each post, and how far it has read.
#[derive(Default)]
struct Mirror {
    posts: BTreeMap<PostId, String>,
    cursor: Option<Known>,
}

impl Mirror {
    /// Reads one page; whether there was more.
    async fn read(&mut self, world: &World, limit: u32) -> bool {
        let page = world.reads.changes(STAGE, self.cursor, limit).await.unwrap();
        assert!(page.changes.len() <= limit as usize);
        for change in page.changes {
            match change.state {
                PostState::Visible(post) => {
                    self.posts.insert(change.id, format!("{} {:?}", post.content.text, post.topics))
                }
                PostState::Hidden | PostState::Withdrawn => self.posts.remove(&change.id),
            };
        }
        self.cursor = Some(page.cursor);
        page.more
    }
}

/// What the stage itself shows.
async fn shown(world: &World) -> BTreeMap<PostId, String> {
    let query =
        stage_projections::feed::FeedQuery { limit: 100, ..stage_projections::feed::FeedQuery::of(STAGE) };
    let page = world.reads.feed(&query).await.unwrap();
    let post = |post: stage_projections::feed::PostView| {
        (post.id, format!("{} {:?}", post.content.text, post.topics))
    };
    page.posts.into_iter().map(post).collect()
}

#[derive(Clone, Debug)]
enum Event {
    Arrives(bool),
    Revised(usize),
    Hidden(usize),
    Shown(usize),
    TopicChanged(bool),
    TopicRenamed(u8),
    Unlinked,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => any::<bool>().prop_map(Event::Arrives),
        2 => any::<usize>().prop_map(Event::Revised),
        2 => any::<usize>().prop_map(Event::Hidden),
        2 => any::<usize>().prop_map(Event::Shown),
        1 => any::<bool>().prop_map(Event::TopicChanged),
        1 => any::<u8>().prop_map(Event::TopicRenamed),
        1 => Just(Event::Unlinked),
    ]
}

#[test]
fn a_mirror_that_reads_page_by_page_ends_with_what_the_stage_shows() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(world());
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let input = (proptest::collection::vec(proptest::collection::vec(event(), 0..8), 1..12), 1..6u32);
    let law = |(between, limit): (Vec<Vec<Event>>, u32)| {
        runtime.block_on(async {
            common::forget(world.pool()).await;
            let (mut log, mut mirror) = (begun(), Mirror::default());
            log.stage(StageEvent::TopicDefined { topic: topic(1, "Kultur", &["Konzert"]), at: at(0) });
            let mut posts = vec![];
            for events in between {
                for event in events {
                    let number = posts.len();
                    if let Event::Arrives(other) = event {
                        let source = if other { OTHER } else { SOURCE };
                        posts.push(log.imported(
                            source,
                            &number.to_string(),
                            "Konzert und Theater",
                            number as i64,
                        ));
                        continue;
                    }
                    let pick = |n: usize| posts.get(n % number.max(1)).copied();
                    let of = |n: usize, event: fn(i64) -> PostEvent| pick(n).map(|post| (post, event(0)));
                    let on_post = match event {
                        Event::Revised(n) => of(n, |_| PostEvent::PostRevised {
                            stage_id: STAGE,
                            content: content("Theater", None),
                            at: at(0),
                        }),
                        Event::Hidden(n) => of(n, |_| PostEvent::PostHidden { stage_id: STAGE, at: at(0) }),
                        Event::Shown(n) => of(n, |_| PostEvent::PostShown { stage_id: STAGE, at: at(0) }),
                        _ => None,
                    };
                    if let Some((post, event)) = on_post {
                        log.post(post, event);
                    }
                    match event {
                        Event::TopicChanged(theatre) => {
                            let word = if theatre { "Theater" } else { "Konzert" };
                            let topic = topic(1, "Kultur", &[word]);
                            log.stage(StageEvent::TopicChanged { topic, at: at(0) });
                        }
                        Event::TopicRenamed(name) => {
                            let topic = topic(1, &name.to_string(), &["Konzert"]);
                            log.stage(StageEvent::TopicChanged { topic, at: at(0) });
                        }
                        Event::Unlinked => {
                            log.source(OTHER, SourceEvent::SourceUnlinked { at: at(0) });
                        }
                        _ => {}
                    }
                }
                world.project(&log.fresh()).await;
                mirror.read(&world, limit).await;
            }
            while mirror.read(&world, limit).await {}
            assert_eq!(mirror.posts, shown(&world).await);
            assert!(!mirror.read(&world, limit).await, "there is an end");
        });
        Ok(())
    };
    runner.run(&input, law).unwrap();
}

#[tokio::test]
async fn a_mirror_is_told_what_was_hidden_and_what_went_with_its_source() {
    let (world, mut log) = (world().await, begun());
    let kept = log.imported(SOURCE, "1", "a", 1);
    let (first, second) = (log.imported(OTHER, "1", "b", 2), log.imported(OTHER, "2", "c", 3));
    world.project(&log.fresh()).await;
    let begin = world.reads.changes(STAGE, None, 10).await.unwrap();
    assert_eq!(begin.changes.iter().map(|change| change.id).collect::<Vec<_>>(), [kept, first, second]);

    log.post(kept, PostEvent::PostHidden { stage_id: STAGE, at: at(4) });
    log.source(OTHER, SourceEvent::SourceUnlinked { at: at(5) });
    world.project(&log.fresh()).await;
    // One event withdrew two posts, and a page may end between them.
    let mut cursor = begin.cursor;
    let mut told = vec![];
    for _ in 0..3 {
        let page = world.reads.changes(STAGE, Some(cursor), 1).await.unwrap();
        told.extend(page.changes.into_iter().map(|change| {
            (
                change.id,
                matches!(change.state, PostState::Hidden),
                matches!(change.state, PostState::Withdrawn),
            )
        }));
        cursor = page.cursor;
    }
    let (low, high) = (first.min(second), first.max(second));
    assert_eq!(told, [(kept, true, false), (low, false, true), (high, false, true)]);
    let end = world.reads.changes(STAGE, Some(cursor), 10).await.unwrap();
    assert!(end.changes.is_empty() && !end.more);
    assert!(matches!("bm90IG91cnM".parse::<Known>(), Err(ProjectionError::Cursor)));
}

#[tokio::test]
async fn who_follows_begins_at_the_end_and_is_not_sent_everything_again_when_a_topic_changes() {
    let (world, mut log) = (world().await, begun());
    log.imported(SOURCE, "1", "Konzert", 1);
    world.project(&log.fresh()).await;
    let end = world.reads.changes_end(STAGE).await.unwrap();
    assert!(world.reads.changes_following(STAGE, end, 10).await.unwrap().changes.is_empty());

    log.stage(StageEvent::TopicDefined { topic: topic(1, "Kultur", &["Konzert"]), at: at(0) });
    let new = log.imported(SOURCE, "2", "Theater", 2);
    world.project(&log.fresh()).await;
    let page = world.reads.changes_following(STAGE, end, 10).await.unwrap();
    assert_eq!(page.changes.iter().map(|change| change.id).collect::<Vec<_>>(), [new]);
    let everything = world.reads.changes(STAGE, Some(end), 10).await.unwrap();
    assert_eq!(everything.changes.len(), 2, "a mirror reads all posts anew");
}

async fn moved(world: &World, since: &mut Heads) -> Vec<StageId> {
    let moved = world.reads.moved(since).await.unwrap();
    *since = moved.heads;
    match moved.stages {
        Stages::These(mut stages) => {
            stages.sort();
            stages.dedup();
            stages
        }
        Stages::All => panic!("the tables are the same"),
    }
}

#[tokio::test]
async fn every_event_that_changes_what_a_stage_shows_moves_its_head_and_no_other() {
    let (world, mut log) = (world().await, begun());
    let post = log.imported(SOURCE, "1", "a", 1);
    let other = log.imported(OTHER, "1", "b", 2);
    log.push::<stage_domain::stage::Stage>(id(101), &created("other"));
    world.project(&log.fresh()).await;
    let mut heads = world.reads.heads().await.unwrap();
    assert!(moved(&world, &mut heads).await.is_empty());

    let post_events = [
        PostEvent::PostRevised { stage_id: STAGE, content: content("c", None), at: at(0) },
        PostEvent::PostHidden { stage_id: STAGE, at: at(0) },
        PostEvent::PostShown { stage_id: STAGE, at: at(0) },
        PostEvent::PostPinned { stage_id: STAGE, at: at(0) },
        PostEvent::PostUnpinned { stage_id: STAGE, at: at(0) },
        PostEvent::PostAssigned { stage_id: STAGE, topics: None, at: at(0) },
    ];
    for event in post_events {
        log.post(post, event);
        world.project(&log.fresh()).await;
        assert_eq!(moved(&world, &mut heads).await, [STAGE]);
    }
    let stage_events = [
        StageEvent::TopicDefined { topic: topic(1, "Kultur", &["a"]), at: at(0) },
        StageEvent::TopicChanged { topic: topic(1, "Kultur", &["b"]), at: at(0) },
        StageEvent::StageRenamed { name: "Bürgerhaus".into(), at: at(0) },
        StageEvent::StageHandleChanged { handle: "buergerhaus".into(), at: at(0) },
    ];
    for event in stage_events {
        log.stage(event);
        world.project(&log.fresh()).await;
        assert_eq!(moved(&world, &mut heads).await, [STAGE]);
    }
    log.source(SOURCE, SourceEvent::SourceChanged { interval_minutes: 30, paused: true, at: at(0) });
    world.project(&log.fresh()).await;
    assert!(moved(&world, &mut heads).await.is_empty(), "readers see nothing of a source's interval");
    log.source(OTHER, SourceEvent::SourceUnlinked { at: at(0) });
    world.project(&log.fresh()).await;
    assert_eq!(moved(&world, &mut heads).await, [STAGE]);
    assert_eq!(world.reads.post(other).await.unwrap(), None);
    log.push::<stage_domain::stage::Stage>(id(101), &StageEvent::StageClosed { at: at(0) });
    world.project(&log.fresh()).await;
    assert_eq!(moved(&world, &mut heads).await, [StageId(id(101))]);
}

#[tokio::test]
async fn tables_that_were_built_anew_are_told() {
    let world = world().await;
    let heads = world.reads.heads().await.unwrap();
    let anew = "CREATE TABLE read_feed.anew (LIKE read_feed.heads INCLUDING ALL);
                DROP TABLE read_feed.heads; ALTER TABLE read_feed.anew RENAME TO heads;";
    sqlx::raw_sql(anew).execute(world.pool()).await.unwrap();
    assert!(matches!(world.reads.moved(&heads).await.unwrap().stages, Stages::All));
}
