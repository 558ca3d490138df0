//! Writing: what a command and a batch leave in the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{
    AccountId, Decide,
    post::Post,
    stage::{Stage, StageCommand, StageError, StageEvent},
};
use stage_store::{Act, Also, Appended, Batch, ExecuteError, OnlyIf, Receipt, StoreError};
use support::{at, create, fresh, import, rename, store};
use uuid::Uuid;

#[tokio::test]
async fn a_command_becomes_events_that_load_again() {
    let s = store().await;
    let id = Uuid::now_v7();
    let created = s.log.execute::<Stage>(id, create("rathaus"), fresh()).await.unwrap();
    assert_eq!(created, Receipt { position: 1, version: 1 });
    let renamed = s.log.execute::<Stage>(id, rename("Bürgerhaus"), Act::default()).await.unwrap();
    assert_eq!(renamed.version, 2);
    assert!(renamed.position > created.position);
    assert_eq!(s.hint.0.load(Ordering::SeqCst), renamed.position);

    let loaded = s.log.load::<Stage>(id).await.unwrap();
    assert_eq!((loaded.version, loaded.position), (2, renamed.position));
    assert_eq!((loaded.aggregate.name.as_str(), loaded.aggregate.handle.as_str()), ("Bürgerhaus", "rathaus"));
}

#[tokio::test]
async fn a_stream_that_is_not_there_loads_in_version_0() {
    let s = store().await;
    let loaded = s.log.load::<Stage>(Uuid::now_v7()).await.unwrap();
    assert_eq!((loaded.version, loaded.position, loaded.aggregate), (0, 0, Stage::default()));
}

#[tokio::test]
async fn several_events_of_one_command_take_rising_positions() {
    let s = store().await;
    let id = Uuid::now_v7();
    s.log.execute::<Stage>(id, create("rathaus"), fresh()).await.unwrap();
    let both = StageCommand::Change { name: Some("A".into()), handle: Some("bbb".into()), at: at() };
    let receipt = s.log.execute::<Stage>(id, both, Act::default()).await.unwrap();
    assert_eq!(receipt.version, 3);
    let events = s.log.read(0, receipt.position, 10).await.unwrap();
    let types: Vec<_> = events.iter().map(|e| (e.sequence, e.event_type.as_str())).collect();
    assert_eq!(types, [(1, "StageCreated"), (2, "StageRenamed"), (3, "StageHandleChanged")]);
    assert!(
        matches!(events[1].event::<StageEvent>().unwrap(), StageEvent::StageRenamed { name, .. } if name == "A")
    );
}

#[tokio::test]
async fn a_refusal_of_the_business_comes_back_as_it_is_and_writes_nothing() {
    let s = store().await;
    let refused = s.log.execute::<Stage>(Uuid::now_v7(), rename("A"), Act::default()).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(StageError::NotFound))));
    assert_eq!(s.log.read(0, i64::MAX, 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn who_asked_stands_in_the_metadata() {
    let s = store().await;
    let by = AccountId(Uuid::now_v7());
    let act = Act { by: Some(by), ..fresh() };
    s.log.execute::<Stage>(Uuid::now_v7(), create("rathaus"), act).await.unwrap();
    let events = s.log.read(0, i64::MAX, 10).await.unwrap();
    assert_eq!(events[0].metadata.get(), format!(r#"{{"by":"{by}"}}"#));
}

#[tokio::test]
async fn what_depends_on_something_is_appended_while_that_is_so_and_then_not_any_more() {
    let s = store().await;
    let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
    let only_if = |other| {
        let sql =
            "$1 <> $2 AND EXISTS (SELECT FROM events WHERE aggregate_id = $1::text AND event_type = ANY($3))";
        Some(OnlyIf { sql, ids: [id, other], names: vec!["StageRenamed", "StageCreated"] })
    };
    s.log.execute::<Stage>(id, create("rathaus"), fresh()).await.unwrap();
    let both = StageCommand::Change { name: Some("A".into()), handle: Some("bbb".into()), at: at() };
    let met = Act { only_if: only_if(other), ..Act::default() };
    let receipt = s.log.execute::<Stage>(id, both, met).await.unwrap();
    assert_eq!((receipt.version, receipt.position), (3, 3));
    for also in [vec![], vec![Arc::new(Note("a")) as Arc<dyn Also>]] {
        let unmet = Act { only_if: only_if(id), also, ..Act::default() };
        let refused = s.log.execute::<Stage>(id, rename("B"), unmet).await;
        assert!(matches!(refused, Err(ExecuteError::Store(StoreError::Unmet))), "{refused:?}");
    }
    assert_eq!(s.log.load::<Stage>(id).await.unwrap().version, 3);
}

/// Writes a row of another room.
struct Note(&'static str);

#[async_trait]
impl Also for Note {
    async fn write(&self, tx: &mut PgConnection, appended: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO notes (name, version, events) VALUES ($1, $2, $3)")
            .bind(self.0)
            .bind(i64::try_from(appended.receipt.version).unwrap())
            .bind(i64::try_from(appended.events).unwrap())
            .execute(tx)
            .await
            .map(drop)
    }
}

async fn notes(s: &support::Store) -> Vec<(String, i64, i64)> {
    sqlx::query_as("SELECT name, version, events FROM notes ORDER BY name")
        .fetch_all(s.log.pool())
        .await
        .unwrap()
}

async fn with_notes() -> support::Store {
    let s = store().await;
    sqlx::query(
        "CREATE TABLE notes (name text CONSTRAINT one_note PRIMARY KEY, version bigint, events bigint)",
    )
    .execute(s.log.pool())
    .await
    .unwrap();
    s
}

#[tokio::test]
async fn rows_of_other_rooms_are_written_with_the_events_or_not_at_all() {
    let s = with_notes().await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let act = || Act { also: vec![Arc::new(Note("a"))], ..fresh() };
    s.log.execute::<Stage>(first, create("one"), act()).await.unwrap();
    assert_eq!(notes(&s).await, [("a".to_owned(), 1, 1)]);
    let twice = s.log.execute::<Stage>(second, create("two"), act()).await;
    assert!(
        matches!(&twice, Err(ExecuteError::Store(StoreError::Duplicate(name))) if name == "one_note"),
        "{twice:?}"
    );
    assert_eq!(s.log.load::<Stage>(second).await.unwrap().version, 0);
}

#[tokio::test]
async fn a_command_that_leads_to_nothing_still_writes_the_rows_that_go_with_it() {
    let s = with_notes().await;
    let id = Uuid::now_v7();
    let created = s.log.execute::<Stage>(id, create("one"), fresh()).await.unwrap();
    let act = Act { also: vec![Arc::new(Note("a"))], ..Act::default() };
    let receipt = s.log.execute::<Stage>(id, rename("Rathaus"), act).await.unwrap();
    assert_eq!(receipt, created);
    assert_eq!(notes(&s).await, [("a".to_owned(), 1, 0)]);
}

#[tokio::test]
async fn a_batch_over_several_streams_is_written_whole_or_not_at_all() {
    let s = store().await;
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let events = Post::default().decide(import("a")).unwrap();
    let batch = |ids: &[Uuid]| {
        let mut batch = Batch::default();
        ids.iter().for_each(|id| batch.add::<Post>(*id, 0, &events).unwrap());
        batch
    };
    let receipt = s.log.append(batch(&[one]), Act::default()).await.unwrap();
    assert_eq!(receipt.version, 1);
    let conflict = s.log.append(batch(&[two, one]), Act::default()).await;
    assert!(matches!(conflict, Err(StoreError::Conflict)));
    let versions: Vec<u64> =
        s.log.load_many::<Post>(&[two, one]).await.unwrap().iter().map(|p| p.version).collect();
    assert_eq!(versions, [0, 1]);
}

#[tokio::test]
async fn the_rows_of_a_batch_take_their_positions_in_its_order() {
    let s = store().await;
    let ids: Vec<Uuid> = (0..300).map(|_| Uuid::new_v4()).collect();
    let events = Post::default().decide(import("a")).unwrap();
    let mut batch = Batch::default();
    ids.iter().for_each(|id| batch.add::<Post>(*id, 0, &events).unwrap());
    let receipt = s.log.append(batch, Act::default()).await.unwrap();
    let read: Vec<Uuid> =
        s.log.read(0, receipt.position, 1000).await.unwrap().iter().map(|e| e.stream_id).collect();
    assert_eq!(read, ids);
}

#[tokio::test]
async fn many_streams_load_in_the_order_asked_for() {
    let s = store().await;
    let ids: Vec<Uuid> = (0..5).map(|_| Uuid::new_v4()).collect();
    for (number, id) in ids.iter().enumerate().skip(1) {
        s.log.execute::<Stage>(*id, create("x"), fresh()).await.unwrap();
        s.log.execute::<Stage>(*id, rename(&format!("n{number}")), Act::default()).await.unwrap();
    }
    let names: Vec<String> =
        s.log.load_many::<Stage>(&ids).await.unwrap().into_iter().map(|l| l.aggregate.name).collect();
    assert_eq!(names, ["", "n1", "n2", "n3", "n4"]);
    let twice = s.log.load_many::<Stage>(&[ids[1], ids[1]]).await.unwrap();
    assert_eq!((twice[0].version, twice[1].version), (2, 2));
}

#[tokio::test]
async fn a_connection_that_forgets_its_transaction_is_ended_by_the_server() {
    let database = stage_testkit::database().await;
    let pool = stage_store::connect(&database.url, 2).await.unwrap();
    let timeout: String =
        sqlx::query_scalar("SHOW idle_in_transaction_session_timeout").fetch_one(&pool).await.unwrap();
    assert_eq!(timeout, "1min");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let nowhere = stage_store::connect("postgres://postgres@localhost/postgres?host=/nowhere", 1).await;
    assert!(matches!(nowhere, Err(StoreError::Unavailable(_))));
}
