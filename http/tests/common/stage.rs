//! A stage with posts, written into the log and applied as the workers would.

use chrono::{DateTime, Utc};
use stage_domain::{
    AccountId, PostId, SourceId, StageId,
    post::{Post, PostContent, PostEvent},
    source::{Network, Source, SourceEvent},
    stage::{Stage, StageEvent},
};
use stage_projections::engine::{Outcome, all, apply, take_up};
use stage_store::{Act, Batch};
use uuid::Uuid;

use super::House;

pub const STAGE: StageId = StageId(Uuid::from_u128(100));
pub const SOURCE: SourceId = SourceId(Uuid::from_u128(200));

pub fn at(minute: u32) -> DateTime<Utc> {
    format!("2026-11-23T12:{minute:02}:00Z").parse().unwrap()
}

pub fn content(text: &str, minute: u32) -> PostContent {
    PostContent {
        title: Some(format!("Über {text} & <mehr>")),
        html: Some(format!("<p>{text} &amp; mehr</p>")),
        text: format!("{text} & mehr"),
        permalink: format!("https://example.org/{minute}?a=1&b=2").parse().ok(),
        author: Some("Ada Lovelace".into()),
        language: Some("de".into()),
        published_at: Some(at(minute)),
        ..PostContent::default()
    }
}

impl House {
    /// A house with the stage `rathaus` and a source, without posts.
    pub async fn with_stage(&self) {
        let created = StageEvent::StageCreated {
            owner: AccountId(Uuid::from_u128(1)),
            name: "Rathaus & Bürger".into(),
            handle: "rathaus".into(),
            at: at(0),
        };
        self.stage(0, created).await;
        let linked = SourceEvent::SourceLinked {
            stage_id: STAGE,
            network: Network::Feed,
            address: "https://example.org/feed".into(),
            interval_minutes: 15,
            at: at(0),
        };
        let mut batch = Batch::default();
        batch.add::<Source>(SOURCE.0, 0, &[linked]).unwrap();
        self.log.append(batch, Act::default()).await.unwrap();
        self.catch_up().await;
    }

    /// An event of the stage after `version` others.
    pub async fn stage(&self, version: u64, event: StageEvent) {
        let mut batch = Batch::default();
        batch.add::<Stage>(STAGE.0, version, &[event]).unwrap();
        self.log.append(batch, Act::default()).await.unwrap();
    }

    pub async fn import(&self, number: u32, content: PostContent) -> PostId {
        let network_id = number.to_string();
        let id = PostId::of(SOURCE, &network_id);
        let (network, content) = (Network::Feed, Box::new(content));
        let event = PostEvent::PostImported {
            stage_id: STAGE,
            source_id: SOURCE,
            network,
            network_id,
            content,
            at: at(59),
        };
        self.post_event(id, 0, event).await;
        id
    }

    pub async fn post_event(&self, id: PostId, version: u64, event: PostEvent) {
        let mut batch = Batch::default();
        batch.add::<Post>(id.0, version, &[event]).unwrap();
        self.log.append(batch, Act::default()).await.unwrap();
    }

    pub async fn hide(&self, id: PostId, version: u64) {
        self.post_event(id, version, PostEvent::PostHidden { stage_id: STAGE, at: at(59) }).await;
    }

    /// Applies what is new in the log to every read model.
    pub async fn catch_up(&self) {
        let mut connection = self.database.pool.acquire().await.unwrap();
        for projection in all() {
            let position = take_up(&mut connection, &*projection, false).await.unwrap().position;
            let events = self.log.follow(position).next(10_000).await.unwrap();
            let outcome = apply(&mut connection, &*projection, position, &events).await.unwrap();
            assert_eq!(outcome, Outcome::Applied);
        }
    }
}
