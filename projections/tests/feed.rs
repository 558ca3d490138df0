//! What a stage shows, and what a moderator and a changed topic make of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Logbook, STAGE, World, at, content, created, id, topic, world};
use stage_domain::{
    PostId, SourceId, TopicId,
    post::{PostContent, PostEvent},
    source::{Network, SourceEvent},
    stage::StageEvent,
};
use stage_projections::feed::{FeedQuery, PostView};

const SOURCE: SourceId = SourceId(uuid::Uuid::from_u128(200));

fn query() -> FeedQuery {
    FeedQuery { limit: 50, ..FeedQuery::of(STAGE) }
}

/// A stage with the topics Kultur (concert, theatre) and Sport (football), and a source.
fn begun() -> Logbook {
    let mut log = Logbook::default();
    log.stage(created("rathaus"));
    log.stage(StageEvent::TopicDefined { topic: topic(1, "Kultur", &["Konzert", "Theater"]), at: at(0) });
    log.stage(StageEvent::TopicDefined { topic: topic(2, "Sport", &["Fußball"]), at: at(0) });
    log.linked(SOURCE);
    log
}

async fn shown(world: &World, query: &FeedQuery) -> Vec<PostId> {
    world.reads.feed(query).await.unwrap().posts.into_iter().map(|post| post.id).collect()
}

async fn post(world: &World, id: PostId) -> PostView {
    world.reads.post(id).await.unwrap().expect("the post is there")
}

/// The names of the post's topics.
async fn topics(world: &World, id: PostId) -> Vec<String> {
    post(world, id).await.topics.into_iter().map(|topic| topic.name).collect()
}

#[tokio::test]
async fn a_feed_shows_posts_newest_first_with_the_topics_they_belong_to_and_why() {
    let (world, mut log) = (world().await, begun());
    let concert = log.imported(SOURCE, "1", "Morgen ein Konzert im Rathaus, danach Fußball", 1);
    let other = log.imported(SOURCE, "2", "Das Amt bleibt zu", 2);
    world.project(&log.fresh()).await;

    assert_eq!(shown(&world, &query()).await, [other, concert]);
    let view = post(&world, concert).await;
    assert_eq!(view.content, *content("Morgen ein Konzert im Rathaus, danach Fußball", Some(at(1))));
    assert_eq!((view.version, view.sorted_at, view.imported_at), (1, at(1), at(1)));
    let [culture, sport] = view.topics.as_slice() else { panic!("{:?}", view.topics) };
    assert_eq!((culture.name.as_str(), culture.by_hand), ("Kultur", false));
    assert_eq!(culture.reasons[0].rule.text, "Konzert");
    assert_eq!(culture.reasons[0].words, ["Konzert"]);
    assert_eq!(sport.name, "Sport");
    let of_topic = |number| FeedQuery { topic: Some(TopicId(id(number))), ..query() };
    assert_eq!(shown(&world, &of_topic(1)).await, [concert]);
    assert_eq!(shown(&world, &of_topic(9)).await, []);
}

#[tokio::test]
async fn a_hidden_post_is_shown_to_the_dashboard_alone() {
    let (world, mut log) = (world().await, begun());
    let (kept, hidden) = (log.imported(SOURCE, "1", "a", 1), log.imported(SOURCE, "2", "b", 2));
    log.post(hidden, PostEvent::PostHidden { stage_id: STAGE, at: at(3) });
    log.post(kept, PostEvent::PostPinned { stage_id: STAGE, at: at(3) });
    world.project(&log.fresh()).await;

    assert_eq!(shown(&world, &query()).await, [kept]);
    assert_eq!(shown(&world, &FeedQuery { hidden: true, ..query() }).await, [hidden, kept]);
    assert_eq!(shown(&world, &FeedQuery { pinned: Some(true), hidden: true, ..query() }).await, [kept]);
    assert_eq!(shown(&world, &FeedQuery { pinned: Some(false), hidden: true, ..query() }).await, [hidden]);
    assert_eq!(world.reads.visible_posts(&[kept, hidden]).await.unwrap(), [(kept, STAGE)]);

    log.post(hidden, PostEvent::PostShown { stage_id: STAGE, at: at(4) });
    world.project(&log.fresh()).await;
    assert_eq!(shown(&world, &query()).await, [hidden, kept]);
}

#[tokio::test]
async fn changing_a_topic_sorts_the_posts_that_are_there_already() {
    let (world, mut log) = (world().await, begun());
    let football = log.imported(SOURCE, "1", "Fußball am Sonntag", 1);
    let swimming = log.imported(SOURCE, "2", "Schwimmen am Montag", 2);
    world.project(&log.fresh()).await;
    assert_eq!(topics(&world, football).await, ["Sport"]);

    log.stage(StageEvent::TopicChanged { topic: topic(2, "Bewegung", &["Schwimmen"]), at: at(3) });
    log.stage(StageEvent::TopicDefined { topic: topic(3, "Termine", &["Sonntag", "Montag"]), at: at(3) });
    world.project(&log.fresh()).await;
    assert_eq!(topics(&world, football).await, ["Termine"]);
    assert_eq!(topics(&world, swimming).await, ["Bewegung", "Termine"]);

    log.stage(StageEvent::TopicRemoved { topic_id: TopicId(id(3)), at: at(4) });
    world.project(&log.fresh()).await;
    assert_eq!(topics(&world, football).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_revised_post_is_sorted_anew_and_stays_in_its_place() {
    let (world, mut log) = (world().await, begun());
    let first = log.imported(SOURCE, "1", "Konzert", 1);
    let second = log.imported(SOURCE, "2", "b", 2);
    world.project(&log.fresh()).await;
    let content = content("Fußball", Some(at(9)));
    log.post(first, PostEvent::PostRevised { stage_id: STAGE, content: content.clone(), at: at(10) });
    world.project(&log.fresh()).await;

    let view = post(&world, first).await;
    assert_eq!((view.content, view.revised_at, view.sorted_at), (*content, Some(at(10)), at(1)));
    assert_eq!(topics(&world, first).await, ["Sport"]);
    assert_eq!(shown(&world, &query()).await, [second, first]);
}

#[tokio::test]
async fn what_a_person_assigned_wins_over_the_rules_until_it_is_given_back() {
    let (world, mut log) = (world().await, begun());
    let concert = log.imported(SOURCE, "1", "Konzert", 1);
    log.assigned(concert, Some(&[TopicId(id(2))]));
    world.project(&log.fresh()).await;
    let view = post(&world, concert).await;
    let [sport] = view.topics.as_slice() else { panic!("{:?}", view.topics) };
    assert_eq!((sport.name.as_str(), sport.by_hand, sport.reasons.len()), ("Sport", true, 0));

    // Neither a changed rule nor a changed text moves it, and a removed topic is lost to it.
    log.stage(StageEvent::TopicChanged { topic: topic(2, "Sport", &["Konzert"]), at: at(2) });
    log.post(
        concert,
        PostEvent::PostRevised { stage_id: STAGE, content: content("Theater", None), at: at(2) },
    );
    world.project(&log.fresh()).await;
    assert!(post(&world, concert).await.topics.iter().all(|topic| topic.by_hand));
    assert_eq!(topics(&world, concert).await, ["Sport"]);
    log.stage(StageEvent::TopicRemoved { topic_id: TopicId(id(2)), at: at(3) });
    world.project(&log.fresh()).await;
    assert_eq!(topics(&world, concert).await, Vec::<String>::new());

    log.assigned(concert, None);
    world.project(&log.fresh()).await;
    assert_eq!(topics(&world, concert).await, ["Kultur"]);
}

#[tokio::test]
async fn one_batch_may_link_import_define_hide_and_unlink() {
    let (world, mut log) = (world().await, begun());
    let other = SourceId(id(201));
    log.linked(other);
    let posts: Vec<_> = (0..500).map(|n| log.imported(SOURCE, &n.to_string(), "Konzert", n)).collect();
    let gone = log.imported(other, "1", "Konzert", 1);
    log.post(posts[0], PostEvent::PostHidden { stage_id: STAGE, at: at(500) });
    log.stage(StageEvent::TopicDefined { topic: topic(3, "Musik", &["Konzerte"]), at: at(500) });
    log.source(other, SourceEvent::SourceUnlinked { at: at(500) });
    world.project(&log.fresh()).await;

    assert_eq!(world.reads.post(gone).await.unwrap(), None);
    assert!(post(&world, posts[0]).await.hidden);
    for post in [posts[0], posts[499]] {
        assert_eq!(topics(&world, post).await, ["Kultur", "Musik"]);
    }
    assert_eq!(world.reads.stage(STAGE).await.unwrap().unwrap().sources.len(), 1);
}

#[tokio::test]
async fn a_changed_topic_reaches_every_post_of_a_stage_that_has_many() {
    let (world, mut log) = (world().await, begun());
    // More than two pages, several posts a minute.
    for n in 0..1_203 {
        log.imported(SOURCE, &n.to_string(), "Rodeln", i64::from(n / 7));
    }
    world.project(&log.fresh()).await;
    log.stage(StageEvent::TopicDefined { topic: topic(3, "Winter", &["Rodeln"]), at: at(500) });
    world.project(&log.fresh()).await;
    let assigned: i64 = sqlx::query_scalar("SELECT count(*) FROM read_feed.assignments WHERE topic_id = $1")
        .bind(id(3))
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(assigned, 1_203);
}

#[tokio::test]
async fn nothing_is_left_of_an_unlinked_source_or_a_closed_stage_whatever_comes_late() {
    let (world, mut log) = (world().await, begun());
    let post = log.imported(SOURCE, "1", "Konzert", 1);
    world.project(&log.fresh()).await;
    log.source(SOURCE, SourceEvent::SourceUnlinked { at: at(2) });
    world.project(&log.fresh()).await;
    let late = log.imported(SOURCE, "2", "Konzert", 3);
    log.post(post, PostEvent::PostShown { stage_id: STAGE, at: at(3) });
    world.project(&log.fresh()).await;
    assert_eq!(shown(&world, &query()).await, []);
    assert_eq!(world.reads.post(late).await.unwrap(), None);

    let other = SourceId(id(201));
    log.linked(other);
    log.imported(other, "1", "Konzert", 4);
    log.stage(StageEvent::StageClosed { at: at(5) });
    let late = log.imported(other, "2", "Konzert", 6);
    world.project(&log.fresh()).await;
    assert_eq!(world.reads.post(late).await.unwrap(), None);
    assert_eq!(world.reads.stage_by_handle("rathaus").await.unwrap(), None);
    for table in ["posts", "assignments", "topics"] {
        let left: i64 = sqlx::query_scalar(&format!("SELECT count(*) FROM read_feed.{table}"))
            .fetch_one(world.pool())
            .await
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn a_post_from_the_future_or_from_before_the_calendar_has_its_place() {
    let (world, mut log) = (world().await, begun());
    let mut import = |network_id: &str, published: &str, minute| {
        let post = PostId::of(SOURCE, network_id);
        let content = content("a", Some(published.parse().unwrap()));
        let (network, network_id) = (stage_domain::source::Network::Feed, network_id.to_owned());
        log.post(
            post,
            PostEvent::PostImported {
                stage_id: STAGE,
                source_id: SOURCE,
                network,
                network_id,
                content,
                at: at(minute),
            },
        );
        post
    };
    let future = import("1", "2999-01-01T00:00:00Z", 1);
    let ancient = import("2", "-9000-01-01T00:00:00Z", 2);
    let now = import("3", "2026-11-23T12:03:00Z", 3);
    world.project(&log.fresh()).await;
    assert_eq!(shown(&world, &query()).await, [now, future, ancient]);
    let mut cursor = None;
    for expected in [now, future, ancient] {
        let page = world.reads.feed(&FeedQuery { limit: 1, cursor, ..query() }).await.unwrap();
        assert_eq!(page.posts[0].id, expected);
        cursor = page.next;
    }
    assert_eq!(cursor, None);
}

#[tokio::test]
async fn a_preview_tells_what_a_topic_would_hold_before_it_is_defined() {
    let (world, mut log) = (world().await, begun());
    let old = log.imported(SOURCE, "1", "Das Schwimmbad öffnet", 1);
    let by_hand = log.imported(SOURCE, "2", "Schwimmbad", 2);
    let new = log.imported(SOURCE, "3", "Im Schwimmbad", 3);
    log.imported(SOURCE, "4", "Konzert", 4);
    log.assigned(by_hand, Some(&[]));
    world.project(&log.fresh()).await;
    let rules = topic(0, "", &["Schwimmbad"]).rules;
    let preview = world.reads.topic_preview(STAGE, &rules, 1).await.unwrap();
    assert_eq!((preview.matched, preview.examined, preview.posts.len()), (2, 3, 1));
    assert_eq!(preview.posts[0].post.id, new);
    assert_eq!(preview.posts[0].reasons[0].words, ["Schwimmbad"]);
    let all = world.reads.topic_preview(STAGE, &rules, 10).await.unwrap();
    assert_eq!(all.posts.iter().map(|found| found.post.id).collect::<Vec<_>>(), [new, old]);
}

#[tokio::test]
async fn posts_are_found_by_time_language_and_words() {
    let (world, mut log) = (world().await, begun());
    let mut arrived = |number: &str, text: &str, language: Option<&str>, minute: i64| {
        let post = PostId::of(SOURCE, number);
        let content =
            PostContent { language: language.map(str::to_owned), ..*content(text, Some(at(minute))) };
        let (network, network_id, at) = (Network::Feed, number.to_owned(), at(60));
        let content = Box::new(content);
        log.post(
            post,
            PostEvent::PostImported { stage_id: STAGE, source_id: SOURCE, network, network_id, content, at },
        );
        post
    };
    let early = arrived("1", "Ärger im 100%_Rathaus", Some("de"), 1);
    let middle = arrived("2", "Fest am Rathaus", Some("de-AT"), 2);
    let late = arrived("3", "A feast", Some("en"), 3);
    let mute = arrived("4", "…", None, 4);
    world.project(&log.fresh()).await;

    let text = |text: &str| FeedQuery { text: Some(text.into()), ..query() };
    let language = |tag: &str| FeedQuery { language: Some(tag.into()), ..query() };
    assert_eq!(shown(&world, &text("rathaus ÄRGER")).await, [early], "all words, whatever the case");
    assert_eq!(shown(&world, &text("rat")).await, [middle, early], "parts of words too");
    assert_eq!(shown(&world, &text("0%_")).await, [early], "no character means another");
    assert_eq!(shown(&world, &text("100 Fest")).await, []);
    assert_eq!(shown(&world, &language("DE")).await, [middle, early]);
    assert_eq!(shown(&world, &language("de-AT")).await, [middle]);
    assert_eq!(shown(&world, &language("d")).await, []);
    let within = |since, until| FeedQuery { since, until, ..query() };
    assert_eq!(shown(&world, &within(Some(at(2)), None)).await, [mute, late, middle]);
    assert_eq!(shown(&world, &within(Some(at(2)), Some(at(3)))).await, [middle]);
    let both = FeedQuery { since: Some(at(2)), language: Some("de".into()), ..text("rathaus") };
    assert_eq!(shown(&world, &both).await, [middle]);
}

#[tokio::test]
async fn a_search_looks_at_so_many_posts_a_page_and_misses_none() {
    let (world, mut log) = (world().await, begun());
    world.project(&log.fresh()).await;
    sqlx::query(
        "INSERT INTO read_feed.posts (id, stage_id, source_id, network, content, sorted_at, imported_at, hidden, pinned, version)
         SELECT md5(n::text)::uuid, $1, $1, 'feed',
             jsonb_build_object('text', CASE WHEN n % 1500 = 0 THEN 'Nadel' ELSE 'Heu' END, 'categories', '[]'::jsonb, 'media', '[]'::jsonb),
             timestamptz '2026-01-01T00:00:00Z' - n * interval '1 minute', now(), false, false, 1
         FROM generate_series(1, 6000) n",
    )
    .bind(STAGE.0)
    .execute(world.pool())
    .await
    .unwrap();
    for limit in [1, 3, 50] {
        let mut query = FeedQuery { text: Some("nadel".into()), limit, ..query() };
        let (mut found, mut pages) = (0, 0);
        loop {
            let page = world.reads.feed(&query).await.unwrap();
            assert!(page.posts.iter().all(|post| post.content.text == "Nadel"));
            (found, pages) = (found + page.posts.len(), pages + 1);
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, 4);
        assert!((4..=8).contains(&pages), "{pages} pages of {limit}");
    }
}
