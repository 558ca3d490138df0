//! Turning the pages of a feed while it changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::{Logbook, STAGE, at, content, created, id, topic, world};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use stage_domain::{PostId, SourceId, TopicId, post::PostEvent, source::Network, stage::StageEvent};
use stage_projections::{ProjectionError, feed::FeedQuery};

const SOURCE: SourceId = SourceId(uuid::Uuid::from_u128(200));

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Meanwhile {
    /// A post arrives that was published in this minute; many share one.
    Arrives(i64),
    /// One of the posts there is hidden, shown or revised.
    Hidden(usize),
    Shown(usize),
    Revised(usize),
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![
        (0..20i64).prop_map(Meanwhile::Arrives),
        any::<usize>().prop_map(Meanwhile::Hidden),
        any::<usize>().prop_map(Meanwhile::Shown),
        any::<usize>().prop_map(Meanwhile::Revised),
    ]
}

fn import(log: &mut Logbook, number: usize, minute: i64) -> PostId {
    let network_id = number.to_string();
    let post = PostId::of(SOURCE, &network_id);
    let content = content("Konzert", Some(at(minute)));
    let (network, at) = (Network::Feed, at(100));
    let event =
        PostEvent::PostImported { stage_id: STAGE, source_id: SOURCE, network, network_id, content, at };
    log.post(post, event);
    post
}

#[test]
fn pages_neither_repeat_nor_skip_a_post_while_others_come_and_go() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(world());
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let input = (
        proptest::collection::vec(0..20i64, 0..40),
        proptest::collection::vec(proptest::collection::vec(meanwhile(), 0..5), 1..10),
        1..8u32,
        any::<bool>(),
    );
    let law = |(begin, between, limit, by_topic): (Vec<i64>, Vec<Vec<Meanwhile>>, u32, bool)| {
        runtime.block_on(async {
            common::forget(world.pool()).await;
            let mut log = Logbook::default();
            log.stage(created("rathaus"));
            log.stage(StageEvent::TopicDefined { topic: topic(1, "Kultur", &["Konzert"]), at: at(0) });
            log.linked(SOURCE);
            let mut posts: Vec<_> = begin.iter().enumerate().map(|(n, m)| import(&mut log, n, *m)).collect();
            world.project(&log.fresh()).await;

            // Those that a reader must see: there from the beginning, and never hidden.
            let mut steady: BTreeSet<_> = posts.iter().copied().collect();
            let mut seen = Vec::new();
            let mut between = between.into_iter();
            let mut query = FeedQuery {
                topic: by_topic.then_some(TopicId(id(1))),
                network: Some(Network::Feed),
                limit,
                ..FeedQuery::of(STAGE)
            };
            loop {
                let page = world.reads.feed(&query).await.unwrap();
                assert!(page.posts.len() <= limit as usize);
                seen.extend(page.posts.iter().map(|post| (post.sorted_at, post.id)));
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
                for event in between.next().unwrap_or_default() {
                    let number = posts.len();
                    let pick = |n: usize| posts[n % number];
                    match event {
                        Meanwhile::Arrives(minute) => posts.push(import(&mut log, number, minute)),
                        Meanwhile::Hidden(n) => {
                            steady.remove(&pick(n));
                            log.post(pick(n), PostEvent::PostHidden { stage_id: STAGE, at: at(0) });
                        }
                        Meanwhile::Shown(n) => {
                            log.post(pick(n), PostEvent::PostShown { stage_id: STAGE, at: at(0) });
                        }
                        Meanwhile::Revised(n) => {
                            let content = content("Konzerte", Some(at(50)));
                            log.post(pick(n), PostEvent::PostRevised { stage_id: STAGE, content, at: at(0) });
                        }
                    }
                }
                world.project(&log.fresh()).await;
            }
            assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first, none twice: {seen:?}");
            let seen: BTreeSet<_> = seen.into_iter().map(|(_, post)| post).collect();
            assert!(steady.is_subset(&seen), "skipped: {:?}", steady.difference(&seen));
        });
        Ok(())
    };
    runner.run(&input, law).unwrap();
}

#[tokio::test]
async fn a_cursor_that_we_did_not_give_out_is_refused() {
    let world = world().await;
    let query = FeedQuery { cursor: Some("bm90IG91cnM".into()), ..FeedQuery::of(STAGE) };
    assert!(matches!(world.reads.feed(&query).await, Err(ProjectionError::Cursor)));
}
