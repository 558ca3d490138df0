//! A history in the real log: stages with topics and sources, posts that are revised, hidden and assigned, a source that is
//! unlinked and a stage that is closed.

use stage_domain::{
    PostId, SourceId, StageId, TopicId,
    post::{Post, PostEvent},
    source::{Cursor, Network, Source, SourceEvent},
    stage::{Stage, StageEvent},
};
use stage_store::{Act, Batch, Log, Position};

use super::{at, content, created, id, topic};

const WORDS: [&str; 4] = ["Konzert", "Theater", "Haushalt", "Schnee"];

/// Appends the events of some stages, a few posts each, mixed. Returns the last position.
pub(crate) async fn write(log: &Log, stages: u128, posts: u128) -> Position {
    for stage in 0..stages {
        let mut batch = Batch::default();
        let (home, sources) = (stage_id(stage), [source_id(stage, 0), source_id(stage, 1)]);
        let topics =
            (0..2).map(|n| topic(home.0.as_u128() * 10 + n, WORDS[n as usize], &[WORDS[n as usize]]));
        let mut events = vec![created(&format!("stage-{stage}"))];
        events.extend(topics.map(|topic| StageEvent::TopicDefined { topic, at: at(0) }));
        batch.add::<Stage>(home.0, 0, &events).unwrap();
        for source in sources {
            let address = format!("https://example.org/{source}");
            let (network, interval_minutes) = (Network::Feed, 15);
            let linked =
                SourceEvent::SourceLinked { stage_id: home, network, address, interval_minutes, at: at(0) };
            batch.add::<Source>(source.0, 0, &[linked]).unwrap();
        }
        log.append(batch, Act::default()).await.unwrap();
    }
    // Posts of all stages in turns, so that a rebuild has something to keep apart.
    for post in 0..posts {
        let mut batch = Batch::default();
        for stage in 0..stages {
            let source = source_id(stage, post % 2);
            batch.add::<Post>(post_id(stage, post).0, 0, &of_a_post(stage, post)).unwrap();
            let imported = SourceEvent::SourceImported {
                cursor: Cursor::default(),
                title: Some(format!("Feed {post}")),
                imported: 1,
                revised: 0,
                at: at(post as i64),
            };
            batch.add::<Source>(source.0, 1 + (post / 2) as u64, &[imported]).unwrap();
        }
        log.append(batch, Act::default()).await.unwrap();
    }
    let mut batch = Batch::default();
    for stage in 0..stages {
        let changed = topic(stage_id(stage).0.as_u128() * 10, "Anders", &[WORDS[2]]);
        let mut events = vec![StageEvent::TopicChanged { topic: changed, at: at(1) }];
        if stage % 3 == 1 {
            events.push(StageEvent::StageClosed { at: at(2) });
        }
        batch.add::<Stage>(stage_id(stage).0, 3, &events).unwrap();
    }
    let unlinked = SourceEvent::SourceUnlinked { at: at(3) };
    batch.add::<Source>(source_id(0, 1).0, 1 + (posts / 2) as u64, &[unlinked]).unwrap();
    log.append(batch, Act::default()).await.unwrap().position
}

/// One more post of the first stage.
pub(crate) async fn import(log: &Log, post: u128) -> Position {
    let mut batch = Batch::default();
    batch.add::<Post>(post_id(0, post).0, 0, &of_a_post(0, post)[..1]).unwrap();
    log.append(batch, Act::default()).await.unwrap().position
}

fn of_a_post(stage: u128, post: u128) -> Vec<PostEvent> {
    let (stage_id, source_id) = (stage_id(stage), source_id(stage, post % 2));
    let text = format!("{} und {} Nummer {post}", WORDS[post as usize % 4], WORDS[(post / 4) as usize % 4]);
    let (network, network_id, at) = (Network::Feed, post.to_string(), at(post as i64));
    let content = content(&text, Some(at));
    let mut events = vec![PostEvent::PostImported { stage_id, source_id, network, network_id, content, at }];
    match post % 7 {
        1 => events.push(PostEvent::PostHidden { stage_id, at }),
        2 => events.push(PostEvent::PostRevised { stage_id, content: super::content("Schnee", None), at }),
        3 => {
            let topics = Some(vec![TopicId(id(stage_id.0.as_u128() * 10 + 1))]);
            events.push(PostEvent::PostAssigned { stage_id, topics, at });
        }
        4 => events.push(PostEvent::PostPinned { stage_id, at }),
        _ => {}
    }
    events
}

pub(crate) fn stage_id(stage: u128) -> StageId {
    StageId(id(1_000 + stage * 7))
}

pub(crate) fn source_id(stage: u128, source: u128) -> SourceId {
    SourceId(id(20_000 + stage * 10 + source))
}

pub(crate) fn post_id(stage: u128, post: u128) -> PostId {
    PostId::of(source_id(stage, post % 2), &post.to_string())
}
