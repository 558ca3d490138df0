//! The history of a stage: what is told, in which order, and of whom.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Logbook, STAGE, at, content, created, id, topic, world};
use serde_json::json;
use stage_domain::{
    PostId, SourceId, StageId,
    post::{Post, PostEvent},
    source::{Network, SourceEvent},
    stage::StageEvent,
};

#[tokio::test]
async fn a_stage_has_the_history_of_itself_its_sources_and_of_what_was_done_to_its_posts_by_hand() {
    let (world, mut log) = (world().await, Logbook::default());
    let (source, post) = (SourceId(id(9)), PostId(id(7)));
    log.stage(created("rathaus")).linked(source);
    log.stage(StageEvent::TopicDefined { topic: topic(8, "Feste", &["Fest"]), at: at(1) });
    world.project(&log.fresh()).await;
    let imported = PostEvent::PostImported {
        stage_id: STAGE,
        source_id: source,
        network: Network::Feed,
        network_id: "1".into(),
        content: content("Ein Fest", None),
        at: at(2),
    };
    log.push::<Post>(post.0, &imported);
    log.push::<Post>(post.0, &PostEvent::PostHidden { stage_id: STAGE, at: at(3) });
    // The source's stage is known from the batch before.
    log.source(source, SourceEvent::SourceUnlinked { at: at(4) });
    world.project(&log.fresh()).await;

    let page = world.reads.history(STAGE, None, 3).await.unwrap();
    let kinds = |page: &stage_projections::history::HistoryPage| -> Vec<String> {
        page.entries.iter().map(|entry| entry.kind.clone()).collect()
    };
    assert_eq!(kinds(&page), ["source_unlinked", "post_hidden", "topic_defined"]);
    assert_eq!((page.entries[1].stream_type.as_str(), page.entries[1].stream_id), ("post", post.0));
    assert_eq!(page.entries[2].detail, json!({"topic_id": id(8), "name": "Feste"}));
    assert_eq!(page.entries[2].by, None, "the metadata names nobody");
    let rest = world.reads.history(STAGE, page.next, 3).await.unwrap();
    assert_eq!((kinds(&rest), rest.next), (vec!["source_linked".into(), "stage_created".into()], None));
    assert_eq!(world.reads.history(StageId(id(5)), None, 3).await.unwrap().entries, []);
}
