//! Checkpoints, what stops a projection, and waiting for one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use common::{Logbook, STAGE, World, at, created, raw, world};
use sqlx::PgConnection;
use stage_domain::{SourceId, stage::StageEvent};
use stage_projections::{
    ProjectionError,
    engine::{Outcome, Projection, State, all, apply, take_up},
    feed::Feed,
    stages::Stages,
};
use stage_store::Recorded;

const SECRET: &str = "what nobody may read in a log line";

fn begun() -> Logbook {
    let mut log = Logbook::default();
    log.stage(created("rathaus"));
    log.linked(SourceId(common::id(200)));
    log
}

/// A post event in a form that nobody reads.
fn poison(log: &mut Logbook) -> i64 {
    log.imported(SourceId(common::id(200)), "poison", "a", 1);
    let event = log.events.last_mut().unwrap();
    event.payload = raw(&serde_json::json!({"PostImported": {"stage_id": SECRET}}));
    event.position
}

/// Rows of the real log, so that it reaches `position`.
async fn fill_the_log(world: &World, position: i64) {
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         SELECT 'stage', gen_random_uuid()::text, 1, 'StageClosed', '1', '{}', '{}'
         FROM generate_series(1, $1)",
    )
    .bind(position)
    .execute(world.pool())
    .await
    .unwrap();
}

async fn status(world: &World, name: &str) -> stage_projections::engine::Status {
    world.reads.status().await.unwrap().into_iter().find(|status| status.name == name).unwrap()
}

#[tokio::test]
async fn a_batch_that_begins_elsewhere_than_the_checkpoint_changes_nothing() {
    let (world, mut log) = (world().await, begun());
    let mut connection = world.pool().acquire().await.unwrap();
    let events = log.fresh();
    common::project(&mut connection, &Stages, &events).await;
    let before = common::rows(world.pool()).await;
    // As by a process that lost its lead without knowing.
    assert_eq!(apply(&mut connection, &Stages, 0, &events).await.unwrap(), Outcome::Moved);
    assert_eq!(common::rows(world.pool()).await, before);
    assert_eq!(status(&world, "stages").await.position, events.last().unwrap().position);
}

#[tokio::test]
async fn a_paused_projection_applies_nothing() {
    let (world, mut log) = (world().await, begun());
    let mut connection = world.pool().acquire().await.unwrap();
    take_up(&mut connection, &Stages, false).await.unwrap();
    sqlx::query("UPDATE projection_checkpoints SET state = 'paused'").execute(world.pool()).await.unwrap();
    assert_eq!(apply(&mut connection, &Stages, 0, &log.fresh()).await.unwrap(), Outcome::Moved);
    assert_eq!(status(&world, "stages").await.position, 0);
    assert_eq!(take_up(&mut connection, &Stages, true).await.unwrap().state, State::Paused);
}

#[tokio::test]
async fn an_event_that_cannot_be_applied_stops_only_its_projection_and_only_there() {
    let (world, mut log) = (world().await, begun());
    let source = SourceId(common::id(200));
    let before: Vec<_> = (0..100).map(|n| log.imported(source, &n.to_string(), "a", n)).collect();
    let bad = poison(&mut log);
    let after = log.imported(source, "after", "a", 1);
    log.stage(StageEvent::StageRenamed { name: "Neu".into(), at: at(1) });
    let events = log.fresh();
    let mut connection = world.pool().acquire().await.unwrap();
    for projection in all() {
        take_up(&mut connection, &*projection, false).await.unwrap();
        let outcome = apply(&mut connection, &*projection, 0, &events).await.unwrap();
        match projection.name() {
            "feed" => assert!(matches!(outcome, Outcome::Stopped { position, .. } if position == bad)),
            _ => assert_eq!(outcome, Outcome::Applied),
        }
    }

    assert_eq!(world.reads.stage(STAGE).await.unwrap().unwrap().name, "Neu");
    for post in before {
        assert!(world.reads.post(post).await.unwrap().is_some(), "what goes before it is applied");
    }
    assert_eq!(world.reads.post(after).await.unwrap(), None);
    let failed = status(&world, "feed").await;
    assert_eq!((failed.state.as_str(), failed.failed_position), ("failed", Some(bad)));
    assert_eq!(failed.position, events.iter().rev().find(|event| event.position < bad).unwrap().position);
    let error = failed.error.unwrap();
    assert!(error.contains("PostImported") && !error.contains(SECRET), "{error}");

    // The next start of the program tries it again, and finds it as bad as before.
    let checkpoint = take_up(&mut connection, &Feed, true).await.unwrap();
    assert_eq!((checkpoint.state, checkpoint.position), (State::Running, failed.position));
    let rest = &events[events.iter().position(|event| event.position == bad).unwrap()..];
    let outcome = apply(&mut connection, &Feed, checkpoint.position, rest).await.unwrap();
    assert!(matches!(outcome, Outcome::Stopped { position, .. } if position == bad));
}

/// Does with its batch whatever a test wants.
struct Odd(fn(&Recorded) -> Result<(), ProjectionError>);

#[async_trait]
impl Projection for Odd {
    fn name(&self) -> &'static str {
        "stages"
    }

    fn version(&self) -> i32 {
        1
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        for event in batch {
            sqlx::query("INSERT INTO topics VALUES ($1, $2, $1, '', '{}')")
                .bind(common::id(event.position as u128))
                .bind(event.position)
                .execute(&mut *tx)
                .await?;
            (self.0)(event)?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_over_one_event_stops_the_projection_in_front_of_it() {
    let (world, mut log) = (world().await, begun());
    let odd = Odd(|event| if event.position == 2 { panic!("as if by mistake") } else { Ok(()) });
    let mut connection = world.pool().acquire().await.unwrap();
    take_up(&mut connection, &odd, false).await.unwrap();
    let outcome = apply(&mut connection, &odd, 0, &log.fresh()).await.unwrap();
    assert!(matches!(outcome, Outcome::Stopped { position: 2, .. }), "{outcome:?}");
    let applied: Vec<i64> =
        sqlx::query_scalar("SELECT position FROM read_stages.topics").fetch_all(world.pool()).await.unwrap();
    assert_eq!(applied, [1], "nothing of the failed transaction is left");
}

#[tokio::test]
async fn a_failure_of_the_database_stops_nothing() {
    let (world, mut log) = (world().await, begun());
    let odd = Odd(|event| match event.position {
        2 => Err(ProjectionError::Unavailable(sqlx::Error::PoolTimedOut)),
        _ => Ok(()),
    });
    let mut connection = world.pool().acquire().await.unwrap();
    take_up(&mut connection, &odd, false).await.unwrap();
    assert!(apply(&mut connection, &odd, 0, &log.fresh()).await.is_err());
    let status = status(&world, "stages").await;
    assert_eq!((status.state.as_str(), status.position), ("running", 0));
}

#[tokio::test]
async fn what_the_database_refuses_is_told_without_the_value() {
    let (world, mut log) = (world().await, begun());
    let mut connection = world.pool().acquire().await.unwrap();
    take_up(&mut connection, &Stages, false).await.unwrap();
    sqlx::query("ALTER TABLE read_stages.stages ADD CONSTRAINT short CHECK (length(name) < 3)")
        .execute(world.pool())
        .await
        .unwrap();
    let outcome = apply(&mut connection, &Stages, 0, &log.fresh()).await.unwrap();
    let Outcome::Stopped { error, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(error, "StageCreated version 1: SQLSTATE 23514, constraint short, table stages");
}

#[tokio::test]
async fn waiting_ends_when_every_projection_has_come_that_far() {
    let (world, mut log) = (world().await, begun());
    let events = log.fresh();
    let wanted = events.last().unwrap().position;
    fill_the_log(&world, wanted).await;
    let waiting = tokio::spawn({
        let reads = world.reads.clone();
        async move { reads.wait_for(wanted, Duration::from_secs(60)).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    world.project(&events).await;
    waiting.await.unwrap().unwrap();
    // Every projection sees every event, also those that mean nothing to it.
    assert!(world.reads.status().await.unwrap().iter().all(|status| status.position == wanted));
    world.reads.wait_for(0, Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn waiting_ends_without_success_when_it_takes_too_long_or_brings_nothing() {
    let (world, mut log) = (world().await, begun());
    let wanted = log.events.last().unwrap().position;
    fill_the_log(&world, wanted + 1).await;
    let late = world.reads.wait_for(wanted, Duration::from_millis(20)).await;
    assert!(
        matches!(late, Err(ProjectionError::Behind { wanted: w, reached: 0 }) if w == wanted),
        "{late:?}"
    );

    poison(&mut log);
    let events = log.fresh();
    let mut connection = world.pool().acquire().await.unwrap();
    for projection in all() {
        take_up(&mut connection, &*projection, false).await.unwrap();
        apply(&mut connection, &*projection, 0, &events).await.unwrap();
    }
    // What the failed projection has is there to read; what it lacks isn't waited for.
    world.reads.wait_for(wanted, Duration::ZERO).await.unwrap();
    let begun = Instant::now();
    let never = world.reads.wait_for(wanted + 1, Duration::from_secs(60)).await;
    assert!(matches!(never, Err(ProjectionError::Behind { reached, .. }) if reached == wanted), "{never:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_position_that_the_log_does_not_have_is_not_waited_for() {
    let world = world().await;
    let begun = Instant::now();
    let never = world.reads.wait_for(i64::MAX, Duration::from_secs(60)).await;
    assert!(matches!(never, Err(ProjectionError::Behind { wanted: i64::MAX, reached: 0 })), "{never:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    // Once there is such an event, also right after, it is waited for.
    fill_the_log(&world, 1).await;
    let waited = Duration::from_millis(300);
    let begun = Instant::now();
    assert!(world.reads.wait_for(1, waited).await.is_err());
    assert!(begun.elapsed() >= waited);
}

#[tokio::test]
async fn a_thousand_who_wait_ask_the_database_no_more_often_than_one() {
    let (world, mut log) = (world().await, begun());
    let events = log.fresh();
    let wanted = events.last().unwrap().position;
    fill_the_log(&world, wanted).await;
    let asked = async || -> i64 {
        sqlx::query_scalar("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
            .fetch_one(world.pool())
            .await
            .unwrap()
    };
    let before = asked().await;
    let begun = Instant::now();
    let waits = (0..1000).map(|_| world.reads.wait_for(wanted, Duration::from_millis(500)));
    let late = futures::future::join_all(waits).await;
    assert!(late.iter().all(Result::is_err));
    // A session tells of its transactions about once a second, or when it ends.
    world.pool().close().await;
    let pool = sqlx::PgPool::connect(&world.database.url).await.unwrap();
    let after: i64 =
        sqlx::query_scalar("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
            .fetch_one(&pool)
            .await
            .unwrap();
    let most = i64::try_from(2 * begun.elapsed().as_millis() / 10).unwrap() + 100;
    assert!(after - before <= most, "{} transactions, at most {most}", after - before);
}
