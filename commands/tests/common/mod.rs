//! A database, an object store and the use cases on top, for one test.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use stage_commands::{Actor, Commands, IdempotencyKey, Request, accounts::Register};
use stage_domain::{Language, SessionId, SourceId, StageId, post::PostContent, source::Network};
use stage_store::{Hint, Keyring, Log, MasterKey, Position};
use uuid::Uuid;

pub struct House {
    pub commands: Commands,
    pub database: stage_testkit::TestDatabase,
    _objects: stage_testkit::TestObjects,
}

struct Nobody;

impl Hint for Nobody {
    fn appended(&self, _: Position) {}
}

impl House {
    pub async fn new() -> Self {
        let database = stage_testkit::database().await;
        let objects = stage_testkit::objects().await;
        let keyring = Keyring::open(&database.pool, MasterKey::generate()).await.unwrap();
        let log = Log::new(database.pool.clone(), keyring, Arc::new(Nobody));
        Self { commands: Commands::new(log, objects.objects.clone()), database, _objects: objects }
    }

    /// The same use cases while the object store is away.
    pub async fn without_objects(&self) -> Commands {
        let mut away = stage_testkit::objects().await;
        away.end().await;
        Commands::new(self.commands.log.clone(), away.objects.clone())
    }

    pub async fn registered(&self, email: &str) -> Actor {
        let done = self.commands.register(person(email), request(0)).await.unwrap();
        Actor { account: done.id.into(), session: SessionId(Uuid::now_v7()) }
    }

    pub async fn stage(&self, actor: Actor, handle: &str) -> StageId {
        self.commands.create_stage(actor, "Rathaus", handle, request(0)).await.unwrap().id.into()
    }

    pub async fn source(&self, actor: Actor, stage: StageId, address: &str) -> SourceId {
        let done = self.commands.link_source(actor, stage, Network::Feed, address, None, request(0)).await;
        done.unwrap().id.into()
    }

    /// Waits until so many sessions wait for a lock.
    pub async fn blocked(&self, sessions: i64) {
        let blocked = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let begun = std::time::Instant::now();
        while sqlx::query_scalar::<_, i64>(blocked).fetch_one(&self.database.pool).await.unwrap() < sessions {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody waits");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn events(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&self.database.pool).await.unwrap()
    }
}

pub fn person(email: &str) -> Register {
    Register {
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
        email: email.into(),
        phone: None,
        password: "correct horse battery".into(),
        language: Language::En,
    }
}

/// A time so many seconds after noon.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub fn request(seconds: i64) -> Request {
    Request { at: at(seconds), new_id: Uuid::now_v7(), expected: None, idempotency: None }
}

pub fn keyed(key: &str, fingerprint: u8) -> Request {
    let idempotency = Some(IdempotencyKey { key: key.into(), fingerprint: [fingerprint; 32] });
    Request { idempotency, ..request(0) }
}

pub fn text(text: &str) -> PostContent {
    PostContent { text: text.into(), ..PostContent::default() }
}
