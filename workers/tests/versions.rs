//! Two versions of the program side by side, and failures of the database that no event is to blame for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool};
use stage_domain::{
    AccountId,
    stage::{Stage, StageCommand},
};
use stage_projections::{ProjectionError, engine::Projection};
use stage_store::{Act, Hint, Keyring, Log, MasterKey, Position, Recorded};
use stage_testkit::TestDatabase;
use stage_workers::projecting::run;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Long enough for the slowest machine; no test that passes waits for it.
const AT_MOST: Duration = Duration::from_secs(60);

struct Nobody;

impl Hint for Nobody {
    fn appended(&self, _: Position) {}
}

struct World {
    database: TestDatabase,
    log: Log,
}

async fn world() -> World {
    let database = stage_testkit::database().await;
    let keyring = Keyring::open(&database.pool, MasterKey::generate()).await.unwrap();
    let log = Log::new(database.pool.clone(), keyring, Arc::new(Nobody));
    sqlx::raw_sql(
        "CREATE SCHEMA read_ledger; CREATE TABLE read_ledger.entries (position bigint PRIMARY KEY)",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    World { database, log }
}

/// A program of one version, as far as this projection goes.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        timeout(AT_MOST, self.task).await.expect("stops").unwrap();
    }
}

impl World {
    fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    fn start(&self, projection: Arc<dyn Projection>) -> Running {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(self.log.clone(), projection, watch::channel(0).1, stop.clone()));
        Running { stop, task }
    }

    async fn append(&self) -> Position {
        let id = Uuid::new_v4();
        let (owner, handle) = (AccountId(id), id.to_string());
        let at = DateTime::<Utc>::UNIX_EPOCH;
        let create = StageCommand::Create { owner, name: "Rathaus".into(), handle, at };
        self.log.execute::<Stage>(id, create, Act::default()).await.unwrap().position
    }

    async fn applied(&self) -> Vec<Position> {
        sqlx::query_scalar("SELECT position FROM read_ledger.entries ORDER BY position")
            .fetch_all(self.pool())
            .await
            .unwrap()
    }

    async fn until_applied(&self, position: Position) {
        let applied = async {
            while !self.applied().await.contains(&position) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(AT_MOST, applied).await.expect("is applied");
    }

    async fn version(&self) -> (i32, String) {
        sqlx::query_as("SELECT version, state FROM projection_checkpoints WHERE name = 'ledger'")
            .fetch_one(self.pool())
            .await
            .unwrap()
    }
}

/// Version 1 writes positions down, version 2 also types.
struct Ledger(i32);

#[async_trait]
impl Projection for Ledger {
    fn name(&self) -> &'static str {
        "ledger"
    }

    fn version(&self) -> i32 {
        self.0
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        for event in batch {
            match self.0 {
                1 => sqlx::query("INSERT INTO entries VALUES ($1)").bind(event.position),
                _ => sqlx::query("INSERT INTO entries VALUES ($1, $2)")
                    .bind(event.position)
                    .bind(&event.event_type),
            }
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }

    fn tables(&self) -> Option<&'static str> {
        (self.0 == 2).then_some(
            "CREATE TABLE entries (position bigint PRIMARY KEY, event_type text NOT NULL);
             CREATE INDEX entries_by_type ON entries (event_type)",
        )
    }
}

#[tokio::test]
async fn a_new_version_is_built_beside_the_old_program_which_serves_until_it_is_there() {
    let world = world().await;
    let old = world.start(Arc::new(Ledger(1)));
    let mut positions = Vec::new();
    for _ in 0..30 {
        positions.push(world.append().await);
    }
    world.until_applied(positions[29]).await;
    // A reader whose statement was prepared on the old tables.
    let mut reader = PgConnection::connect(&world.database.url).await.unwrap();
    let count = "SELECT count(*) FROM read_ledger.entries";
    let mut seen: i64 = sqlx::query_scalar(count).fetch_one(&mut reader).await.unwrap();
    assert_eq!(seen, 30);

    let new = world.start(Arc::new(Ledger(2)));
    let taken_over = async {
        while world.version().await.0 != 2 {
            positions.push(world.append().await);
            let now: i64 = sqlx::query_scalar(count).fetch_one(&mut reader).await.unwrap();
            assert!(now >= seen, "no older state: {now} after {seen}");
            seen = now;
        }
    };
    timeout(AT_MOST, taken_over).await.expect("takes over");
    for _ in 0..5 {
        positions.push(world.append().await);
    }
    world.until_applied(*positions.last().unwrap()).await;
    assert_eq!(world.applied().await, positions, "nothing is lost and nothing twice");
    let types: i64 =
        sqlx::query_scalar("SELECT count(*) FROM read_ledger.entries WHERE event_type = 'StageCreated'")
            .fetch_one(&mut reader)
            .await
            .unwrap();
    assert_eq!(types, positions.len() as i64);

    // The old program leaves the new tables alone, also when the new one is gone.
    new.end().await;
    let later = world.append().await;
    sleep(Duration::from_secs(2)).await;
    assert!(!world.applied().await.contains(&later));
    old.end().await;
    let new = world.start(Arc::new(Ledger(2)));
    world.until_applied(later).await;
    new.end().await;
}

#[tokio::test]
async fn a_projection_that_brings_its_tables_along_has_them_in_a_new_database() {
    let world = world().await;
    let running = world.start(Arc::new(Ledger(2)));
    let position = world.append().await;
    world.until_applied(position).await;
    assert_eq!(world.version().await, (2, "running".to_owned()));
    running.end().await;
}

/// Does something to the database with the first batches, then writes positions down.
struct Unlucky<F>(AtomicU32, F);

#[async_trait]
impl<F> Projection for Unlucky<F>
where
    F: AsyncTrouble,
{
    fn name(&self) -> &'static str {
        "ledger"
    }

    fn version(&self) -> i32 {
        1
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        if self.0.load(Ordering::SeqCst) > 0 {
            self.0.fetch_sub(1, Ordering::SeqCst);
            self.1.trouble(tx).await?;
            panic!("the database did not fail");
        }
        Ledger(1).apply(tx, batch).await
    }
}

#[async_trait]
trait AsyncTrouble: Send + Sync {
    async fn trouble(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error>;
}

/// Applies one event over two such failures, and is never seen to have failed.
async fn survives(world: &World, trouble: impl AsyncTrouble + 'static) {
    let position = world.append().await;
    let unlucky = Arc::new(Unlucky(AtomicU32::new(2), trouble));
    let running = world.start(unlucky.clone());
    let applied = async {
        while !world.applied().await.contains(&position) {
            let states: Vec<String> =
                sqlx::query_scalar("SELECT state FROM projection_checkpoints WHERE name = 'ledger'")
                    .fetch_all(world.pool())
                    .await
                    .unwrap();
            assert!(states.iter().all(|state| state == "running"), "{states:?}");
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(AT_MOST, applied).await.expect("is applied in the end");
    assert_eq!(unlucky.0.load(Ordering::SeqCst), 0, "it failed twice before");
    running.end().await;
}

/// Two transactions that each hold what the other wants. Ours has the shorter patience, so ours is ended.
struct Deadlock(PgPool);

#[async_trait]
impl AsyncTrouble for Deadlock {
    async fn trouble(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut other = self.0.begin().await?;
        sqlx::query("SET LOCAL deadlock_timeout = '30s'").execute(&mut *other).await?;
        sqlx::query("SET LOCAL deadlock_timeout = '50ms'").execute(&mut *tx).await?;
        sqlx::query("SELECT pg_advisory_xact_lock(1)").execute(&mut *tx).await?;
        sqlx::query("SELECT pg_advisory_xact_lock(2)").execute(&mut *other).await?;
        let waiting = tokio::spawn(async move {
            let _ = sqlx::query("SELECT pg_advisory_xact_lock(1)").execute(&mut *other).await;
        });
        sleep(Duration::from_millis(100)).await;
        let failed = sqlx::query("SELECT pg_advisory_xact_lock(2)").execute(&mut *tx).await.map(drop);
        let code =
            failed.as_ref().err().and_then(|e| e.as_database_error()?.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("40P01"));
        waiting.abort();
        failed
    }
}

#[tokio::test]
async fn a_deadlock_is_tried_again_and_is_no_fault_of_the_event() {
    let world = world().await;
    survives(&world, Deadlock(world.pool().clone())).await;
}

/// The row that we write was changed after our snapshot.
struct Serialization(PgPool);

#[async_trait]
impl AsyncTrouble for Serialization {
    async fn trouble(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let level: String = sqlx::query_scalar("SHOW transaction_isolation").fetch_one(&mut *tx).await?;
        assert_eq!(level, "repeatable read");
        sqlx::query("UPDATE public.contended SET n = n + 1").execute(&self.0).await?;
        let failed = sqlx::query("UPDATE public.contended SET n = n + 1").execute(tx).await.map(drop);
        let code =
            failed.as_ref().err().and_then(|e| e.as_database_error()?.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("40001"));
        failed
    }
}

#[tokio::test]
async fn a_serialization_failure_is_tried_again_and_is_no_fault_of_the_event() {
    let world = world().await;
    let name = &world.database.name;
    sqlx::raw_sql(&format!(
        "CREATE TABLE public.contended (n integer NOT NULL); INSERT INTO public.contended VALUES (0);
         ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"
    ))
    .execute(world.pool())
    .await
    .unwrap();
    survives(&world, Serialization(world.pool().clone())).await;
}

/// Somebody ends our session.
struct Dropped(PgPool);

#[async_trait]
impl AsyncTrouble for Dropped {
    async fn trouble(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *tx).await?;
        sqlx::query("SELECT pg_terminate_backend($1)").bind(pid).execute(&self.0).await?;
        sleep(Duration::from_millis(100)).await;
        sqlx::query("SELECT 1").execute(tx).await.map(drop)
    }
}

#[tokio::test]
async fn a_dropped_connection_is_tried_again_and_is_no_fault_of_the_event() {
    let world = world().await;
    survives(&world, Dropped(world.pool().clone())).await;
}
