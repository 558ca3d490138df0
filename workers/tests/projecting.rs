//! The projector: who leads, what a crash leaves behind, and how soon a reader sees what they wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use stage_domain::{
    AccountId, StageId,
    stage::{Stage, StageCommand},
};
use stage_projections::{ProjectionError, Reads, engine::Projection};
use stage_store::{Act, Hint, Keyring, Log, MasterKey, Position, Recorded};
use stage_testkit::TestDatabase;
use stage_workers::projecting::{run, run_all};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Long enough for the slowest machine; no test that passes waits for it.
const AT_MOST: Duration = Duration::from_secs(30);

struct Bell(watch::Sender<Position>);

impl Hint for Bell {
    fn appended(&self, position: Position) {
        self.0.send_replace(position);
    }
}

struct World {
    database: TestDatabase,
    log: Log,
    wake: watch::Receiver<Position>,
    stop: CancellationToken,
}

async fn world() -> World {
    let database = stage_testkit::database().await;
    let keyring = Keyring::open(&database.pool, MasterKey::generate()).await.unwrap();
    let (bell, wake) = watch::channel(0);
    let log = Log::new(database.pool.clone(), keyring, Arc::new(Bell(bell)));
    sqlx::raw_sql(
        "CREATE SCHEMA read_ledger;
         CREATE TABLE read_ledger.entries (node text NOT NULL, position bigint NOT NULL)",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    World { database, log, wake, stop: CancellationToken::new() }
}

impl World {
    fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    fn start(&self, projection: &Arc<Ledger>) -> JoinHandle<()> {
        let projection: Arc<dyn Projection> = projection.clone();
        tokio::spawn(run(self.log.clone(), projection, self.wake.clone(), self.stop.clone()))
    }

    /// Appends one event.
    async fn append(&self) -> Position {
        let id = Uuid::new_v4();
        let command = StageCommand::Create {
            owner: AccountId(id),
            name: "Rathaus".into(),
            handle: id.to_string(),
            at: DateTime::<Utc>::UNIX_EPOCH,
        };
        self.log.execute::<Stage>(id, command, Act::default()).await.unwrap().position
    }

    async fn append_many(&self, events: usize) -> Vec<Position> {
        let mut positions = Vec::new();
        for _ in 0..events {
            positions.push(self.append().await);
        }
        positions
    }

    /// The positions that were applied, and by whom.
    async fn entries(&self) -> Vec<(String, Position)> {
        sqlx::query_as("SELECT node, position FROM read_ledger.entries ORDER BY position")
            .fetch_all(self.pool())
            .await
            .unwrap()
    }

    async fn applied(&self) -> Vec<Position> {
        self.entries().await.into_iter().map(|(_, position)| position).collect()
    }

    /// Waits until this is applied, and says by whom.
    async fn applier(&self, position: Position) -> String {
        timeout(AT_MOST, async {
            loop {
                let found = self.entries().await.into_iter().find(|entry| entry.1 == position);
                match found {
                    Some((node, _)) => return node,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        })
        .await
        .expect("is applied")
    }
}

/// Writes down every event that it is given. Nothing in its table keeps it from doing so twice.
#[derive(Default)]
struct Ledger {
    node: &'static str,
    /// Stand still at the end of a batch, before its transaction is committed.
    stuck: AtomicBool,
    /// The last position that was written, committed or not.
    reached: AtomicI64,
}

impl Ledger {
    fn of(node: &'static str) -> Arc<Self> {
        Arc::new(Self { node, ..Self::default() })
    }

    async fn reach(&self, position: Position) {
        let reached = async {
            while self.reached.load(Ordering::SeqCst) < position {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(AT_MOST, reached).await.expect("gets there");
    }
}

#[async_trait]
impl Projection for Ledger {
    fn name(&self) -> &'static str {
        "ledger"
    }

    fn version(&self) -> i32 {
        1
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let positions: Vec<_> = batch.iter().map(|event| event.position).collect();
        sqlx::query("INSERT INTO entries SELECT $1, UNNEST($2::bigint[])")
            .bind(self.node)
            .bind(&positions)
            .execute(tx)
            .await?;
        self.reached.fetch_max(*positions.last().unwrap(), Ordering::SeqCst);
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_who_waits_for_the_position_of_a_command_reads_what_it_wrote() {
    let world = world().await;
    let reads = Reads::new(world.log.clone());
    let running = tokio::spawn(run_all(world.log.clone(), world.wake.clone(), world.stop.clone()));
    for n in 0..50 {
        let id = Uuid::new_v4();
        let (owner, handle) = (AccountId(id), format!("stage-{n}"));
        let create = StageCommand::Create { owner, name: "a".into(), handle, at: DateTime::UNIX_EPOCH };
        let receipt = world.log.execute::<Stage>(id, create, Act::default()).await.unwrap();
        reads.wait_for(receipt.position, AT_MOST).await.unwrap();
        assert!(reads.stage(StageId(id)).await.unwrap().is_some());
    }
    world.stop.cancel();
    timeout(AT_MOST, running).await.expect("stops").unwrap();
}

#[tokio::test]
async fn events_are_applied_without_anybody_waking_the_projector() {
    let mut world = world().await;
    // A channel whose sender is gone already.
    world.wake = watch::channel(0).1;
    let ledger = Ledger::of("a");
    let running = world.start(&ledger);
    let position = world.append().await;
    world.applier(position).await;
    world.stop.cancel();
    timeout(AT_MOST, running).await.expect("stops").unwrap();
}

#[tokio::test]
async fn a_projector_that_dies_within_a_batch_leaves_nothing_and_the_next_applies_it_exactly_once() {
    let world = world().await;
    let mut positions = world.append_many(20).await;
    let first = Ledger::of("first");
    let running = world.start(&first);
    first.reach(positions[19]).await;
    world.applier(positions[19]).await;

    first.stuck.store(true, Ordering::SeqCst);
    positions.extend(world.append_many(20).await);
    first.reach(positions[20]).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(world.applied().await, positions[..20]);

    let second = Ledger::of("second");
    let running = world.start(&second);
    world.applier(positions[39]).await;
    assert_eq!(world.applied().await, positions);
    world.stop.cancel();
    timeout(AT_MOST, running).await.expect("stops").unwrap();
}

#[tokio::test]
async fn of_two_projectors_one_leads_and_the_other_takes_over_when_it_dies() {
    let world = world().await;
    let mut positions = vec![world.append().await];
    let (one, other) = (Ledger::of("one"), Ledger::of("other"));
    let first = world.start(&one);
    assert_eq!(world.applier(positions[0]).await, "one");
    let second = world.start(&other);
    positions.extend(world.append_many(30).await);
    assert_eq!(world.applier(positions[30]).await, "one");
    assert_eq!(other.reached.load(Ordering::SeqCst), 0, "who doesn't lead applies nothing");

    first.abort();
    let died = Instant::now();
    positions.push(world.append().await);
    assert_eq!(world.applier(positions[31]).await, "other");
    assert!(died.elapsed() < Duration::from_secs(5), "took {:?}", died.elapsed());
    assert_eq!(world.applied().await, positions);
    world.stop.cancel();
    timeout(AT_MOST, second).await.expect("stops").unwrap();
}

#[tokio::test]
async fn a_leader_whose_connection_is_lost_within_a_batch_writes_nothing_of_it() {
    let world = world().await;
    let first = Ledger::of("first");
    first.stuck.store(true, Ordering::SeqCst);
    let running = world.start(&first);
    let positions = world.append_many(3).await;
    first.reach(positions[0]).await;

    let second = Ledger::of("second");
    let other = world.start(&second);
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks
         WHERE locktype = 'advisory' AND granted AND classid = $1::int4::oid
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .bind(stage_store::locks::PROJECTIONS)
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert_eq!(ended, 1, "one leads");
    assert_eq!(world.applier(positions[2]).await, "second");
    assert_eq!(world.applied().await, positions);
    running.abort();
    world.stop.cancel();
    timeout(AT_MOST, other).await.expect("stops").unwrap();
}

#[tokio::test]
async fn a_leader_that_is_told_to_stop_lets_the_other_lead_at_once() {
    let world = world().await;
    let mut positions = world.append_many(1).await;
    let first = Ledger::of("first");
    let own = CancellationToken::new();
    let projection: Arc<dyn Projection> = first.clone();
    let running = tokio::spawn(run(world.log.clone(), projection, world.wake.clone(), own.clone()));
    world.applier(positions[0]).await;
    own.cancel();
    timeout(AT_MOST, running).await.expect("stops").unwrap();
    positions.push(world.append().await);
    let second = Ledger::of("second");
    let running = world.start(&second);
    assert_eq!(world.applier(positions[1]).await, "second");
    assert_eq!(world.applied().await, positions);
    world.stop.cancel();
    timeout(AT_MOST, running).await.expect("stops").unwrap();
}

#[tokio::test]
async fn a_paused_projection_goes_on_where_it_was_when_it_is_resumed() {
    let world = world().await;
    let ledger = Ledger::of("a");
    let running = world.start(&ledger);
    let mut positions = world.append_many(1).await;
    world.applier(positions[0]).await;
    set_state(&world, "paused").await;
    positions.extend(world.append_many(10).await);
    // Paused at the latest when the projector has met the event and left it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.applied().await, positions[..1]);
    set_state(&world, "running").await;
    world.applier(positions[10]).await;
    assert_eq!(world.applied().await, positions);
    world.stop.cancel();
    timeout(AT_MOST, running).await.expect("stops").unwrap();
}

async fn set_state(world: &World, state: &str) {
    sqlx::query("UPDATE projection_checkpoints SET state = $1 WHERE name = 'ledger'")
        .bind(state)
        .execute(world.pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_the_projections_that_need_it_and_no_other() {
    let world = world().await;
    let reads = Reads::new(world.log.clone());
    let running = tokio::spawn(run_all(world.log.clone(), world.wake.clone(), world.stop.clone()));
    let poison: Position = sqlx::query_scalar(
        r#"INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
           VALUES ('post', $1, 1, 'PostImported', '1', '{"PostImported": {}}', '{}') RETURNING position"#,
    )
    .bind(Uuid::new_v4().to_string())
    .fetch_one(world.pool())
    .await
    .unwrap();
    let id = Uuid::new_v4();
    let (owner, handle) = (AccountId(id), "rathaus".to_owned());
    let create = StageCommand::Create { owner, name: "a".into(), handle, at: DateTime::UNIX_EPOCH };
    world.log.execute::<Stage>(id, create, Act::default()).await.unwrap();

    let settled = async {
        loop {
            let status = reads.status().await.unwrap();
            let feed = status.iter().find(|status| status.name == "feed").unwrap();
            if feed.state == "failed" && reads.stage(StageId(id)).await.unwrap().is_some() {
                return feed.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let feed = timeout(AT_MOST, settled).await.expect("the feed stops and the stages go on");
    assert_eq!(feed.failed_position, Some(poison));
    assert!(feed.position < poison);
    world.stop.cancel();
    timeout(AT_MOST, running).await.expect("stops").unwrap();
}
