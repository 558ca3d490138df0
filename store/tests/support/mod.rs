//! What the tests of this room share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod cluster;
pub(crate) mod crowd;
pub(crate) mod notary;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeZone, Utc};
use sqlx::PgPool;
use stage_domain::{
    AccountId, Language, SourceId, StageId,
    account::{AccountCommand, Registration},
    post::{PostCommand, PostContent},
    source::Network,
    stage::StageCommand,
};
use stage_store::{Act, ClaimChange, ClaimKind, Hint, Keyring, Log, MasterKey, Position};
use stage_testkit::TestDatabase;
use uuid::Uuid;

/// Remembers the last position it was told of.
#[derive(Default)]
pub(crate) struct LastHint(pub(crate) AtomicI64);

impl Hint for LastHint {
    fn appended(&self, position: Position) {
        self.0.fetch_max(position, Ordering::SeqCst);
    }
}

pub(crate) struct Store {
    pub(crate) log: Log,
    pub(crate) hint: Arc<LastHint>,
    pub(crate) master: MasterKey,
    pub(crate) database: TestDatabase,
}

pub(crate) async fn store() -> Store {
    let database = stage_testkit::database().await;
    let master = MasterKey::generate();
    let hint = Arc::new(LastHint::default());
    let keyring = Keyring::open(&database.pool, master.clone()).await.unwrap();
    let log = Log::new(database.pool.clone(), keyring, hint.clone());
    Store { log, hint, master, database }
}

pub(crate) async fn log_on(pool: PgPool) -> Log {
    let keyring = Keyring::open(&pool, MasterKey::generate()).await.unwrap();
    Log::new(pool, keyring, Arc::new(LastHint::default()))
}

pub(crate) fn at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap()
}

pub(crate) fn fresh() -> Act {
    Act { new: true, ..Act::default() }
}

pub(crate) fn create(handle: &str) -> StageCommand {
    StageCommand::Create {
        owner: AccountId(Uuid::from_u128(1)),
        name: "Rathaus".into(),
        handle: handle.into(),
        at: at(),
    }
}

pub(crate) fn rename(name: &str) -> StageCommand {
    StageCommand::Change { name: Some(name.into()), handle: None, at: at() }
}

pub(crate) fn take_handle(handle: &str, owner: Uuid) -> ClaimChange {
    ClaimChange::Take { kind: ClaimKind::Handle, value: handle.into(), owner }
}

pub(crate) fn import(text: &str) -> PostCommand {
    PostCommand::Import {
        stage_id: StageId(Uuid::from_u128(2)),
        source_id: SourceId(Uuid::from_u128(3)),
        network: Network::Feed,
        network_id: "1".into(),
        content: Box::new(PostContent { text: text.into(), ..PostContent::default() }),
        at: at(),
    }
}

pub(crate) const PERSON: [&str; 4] =
    ["Adelheid", "Lovelace-Müller", "adelheid@lovelace.example", "+49 30 1234567"];

pub(crate) fn register(id: AccountId) -> AccountCommand {
    let [first, last, email, phone] = PERSON;
    let registration = Registration::new(id, first, last, email, Some(phone), Language::De).unwrap();
    AccountCommand::Register { registration, at: at() }
}

pub(crate) fn registration(log: &Log, id: AccountId) -> Act {
    Act {
        subject: Some(log.keyring().new_subject(id).unwrap()),
        claims: vec![ClaimChange::Take { kind: ClaimKind::Email, value: PERSON[2].into(), owner: id.0 }],
        ..fresh()
    }
}

/// One event of a stream of its own, in the caller's transaction.
pub(crate) async fn raw_insert(tx: &mut sqlx::PgConnection) -> Position {
    sqlx::query_scalar(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         VALUES ('stage', $1, 1, 'StageClosed', '1', '{\"StageClosed\":{\"at\":\"2026-11-23T12:00:00Z\"}}', '{}')
         RETURNING position",
    )
    .bind(Uuid::new_v4().to_string())
    .fetch_one(tx)
    .await
    .unwrap()
}
