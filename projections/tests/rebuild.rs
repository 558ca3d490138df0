//! Making tables anew: the same rows as before, also when it is ended half-way, and nothing else in the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use common::{World, history, world};
use sqlx::PgConnection;
use stage_projections::{
    ProjectionError,
    engine::{
        OperateError, Projection, Rebuild, State, all,
        rebuild::{Difference, Phase, RebuildError, Rebuilding, Stand, compare, give_up, rebuild},
        skip, take_up,
    },
    feed::Feed,
    stages::Stages,
};
use stage_store::Recorded;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

fn with(world: &World) -> Rebuilding {
    Rebuilding {
        pool: world.pool().clone(),
        workers: 3,
        stand: watch::channel(Stand::default()).0,
        stop: CancellationToken::new(),
    }
}

/// What a reader's queries run along.
async fn indexes(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT indexdef FROM pg_indexes WHERE schemaname LIKE 'read\\_%' ORDER BY schemaname, indexname",
    )
    .fetch_all(world.pool())
    .await
    .unwrap()
}

async fn schemas(world: &World) -> Vec<String> {
    sqlx::query_scalar("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE '%\\_\\_%' ORDER BY 1")
        .fetch_all(world.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn rebuilt_tables_have_the_same_rows_and_indexes_and_serve_at_the_same_position() {
    let world = world().await;
    let last = history::write(&world.log, 6, 40).await;
    world.catch_up().await;
    let (rows, before) = (common::rows(world.pool()).await, indexes(&world).await);
    for projection in all().into_iter().filter(|p| p.rebuild() != Rebuild::Never) {
        let with = with(&world);
        let position = rebuild(&with, projection.clone()).await.unwrap();
        assert_eq!(position, last, "{}", projection.name());
        assert_eq!(with.stand.borrow().phase, Phase::Done);
        assert_eq!(with.stand.borrow().done, with.stand.borrow().total, "{}", projection.name());
        let same = compare(&with, projection.clone()).await.unwrap();
        assert_eq!((same.different, same.position), (0, last), "{} {same:?}", projection.name());
    }
    assert_eq!(common::rows(world.pool()).await, rows);
    assert_eq!(indexes(&world).await, before);
    assert_eq!(schemas(&world).await, Vec::<String>::new(), "nothing is left over");
    assert!(!rows.iter().find(|(table, _)| table == "read_feed.posts").unwrap().1.is_empty());

    // What comes afterwards is applied to the new tables.
    let position = history::import(&world.log, 1_000).await;
    world.catch_up().await;
    assert!(world.reads.post(history::post_id(0, 1_000)).await.unwrap().is_some());
    assert!(world.reads.status().await.unwrap().iter().all(|status| status.position == position));
}

#[tokio::test]
async fn whoever_was_allowed_to_read_the_live_tables_may_read_the_new_ones() {
    let world = world().await;
    history::write(&world.log, 2, 5).await;
    world.catch_up().await;
    let (whole, part) = (stage_testkit::unique("whole"), stage_testkit::unique("part"));
    for sql in [
        format!("CREATE ROLE {whole}; CREATE ROLE {part}"),
        format!("GRANT USAGE ON SCHEMA read_feed TO {whole}, {part}"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA read_feed TO {whole}"),
        format!("GRANT SELECT (id, hidden) ON read_feed.posts TO {part} WITH GRANT OPTION"),
        "GRANT SELECT ON read_feed.gone TO PUBLIC".to_owned(),
    ] {
        sqlx::raw_sql(&sql).execute(world.pool()).await.unwrap();
    }
    let granted = async || -> Vec<String> {
        sqlx::query_scalar(
            "SELECT relname || relacl::text FROM pg_class WHERE relnamespace = 'read_feed'::regnamespace AND relkind = 'r'
             UNION ALL SELECT attname || attacl::text FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
             WHERE relnamespace = 'read_feed'::regnamespace AND attacl IS NOT NULL
             UNION ALL SELECT nspacl::text FROM pg_namespace WHERE nspname = 'read_feed' ORDER BY 1",
        )
        .fetch_all(world.pool())
        .await
        .unwrap()
    };
    let before = granted().await;
    rebuild(&with(&world), Arc::new(Feed)).await.unwrap();
    assert_eq!(granted().await, before);
    let may_read = async |role: &str, what: &str| {
        let mut tx = world.pool().begin().await.unwrap();
        sqlx::query(&format!("SET LOCAL ROLE {role}")).execute(&mut *tx).await.unwrap();
        sqlx::query(&format!("SELECT {what} FROM read_feed.posts LIMIT 1")).execute(&mut *tx).await.is_ok()
    };
    assert!(may_read(&whole, "*").await);
    assert!(may_read(&part, "id, hidden").await);
    assert!(!may_read(&part, "*").await, "and no more than before");
    let end = format!("DROP OWNED BY {whole}, {part}; DROP ROLE {whole}, {part}");
    sqlx::raw_sql(&end).execute(world.pool()).await.unwrap();
}

#[tokio::test]
async fn a_comparison_names_each_row_that_the_log_does_not_make() {
    let world = world().await;
    history::write(&world.log, 2, 20).await;
    world.catch_up().await;
    let id = |post| history::post_id(0, post).0;
    for sql in [
        "UPDATE read_feed.posts SET pinned = NOT pinned WHERE id = $1",
        "DELETE FROM read_feed.posts WHERE id = $1",
        "INSERT INTO read_feed.gone VALUES ($1)",
    ] {
        let post = if sql.starts_with("UPDATE") { 0 } else { 4 };
        sqlx::query(sql).bind(id(post)).execute(world.pool()).await.unwrap();
    }
    let same = compare(&with(&world), Arc::new(Feed)).await.unwrap();
    let difference =
        |table: &str, post, what| Difference { table: table.into(), key: id(post).to_string(), what };
    let mut found = same.differences;
    found.sort_by(|a, b| (&a.table, a.what).cmp(&(&b.table, b.what)));
    assert_eq!(
        found,
        [
            difference("gone", 4, "extra"),
            difference("posts", 0, "different"),
            difference("posts", 4, "missing")
        ]
    );
    rebuild(&with(&world), Arc::new(Feed)).await.unwrap();
    assert_eq!(compare(&with(&world), Arc::new(Feed)).await.unwrap().different, 0);
}

/// The feed, until it has seen so many batches; then it does what a test wants.
struct Half {
    batches: AtomicUsize,
    then: Box<dyn Fn() -> Result<(), ProjectionError> + Send + Sync>,
}

impl Half {
    fn then(then: impl Fn() -> Result<(), ProjectionError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { batches: AtomicUsize::new(0), then: Box::new(then) })
    }
}

#[async_trait]
impl Projection for Half {
    fn name(&self) -> &'static str {
        "feed"
    }

    fn version(&self) -> i32 {
        Feed.version()
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        if self.batches.fetch_add(1, Ordering::SeqCst) >= 4 {
            (self.then)()?;
        }
        Feed.apply(tx, batch).await
    }

    fn rebuild(&self) -> Rebuild {
        Feed.rebuild()
    }
}

/// Begins a rebuild, and stops it half-way.
async fn half_rebuilt(world: &World) {
    let first = with(world);
    let stop = first.stop.clone();
    let half = Half::then(move || {
        stop.cancel();
        Ok(())
    });
    assert!(matches!(rebuild(&first, half).await, Err(RebuildError::Interrupted)));
    assert_eq!(schemas(world).await, ["read_feed__next"]);
}

#[tokio::test]
async fn a_rebuild_that_was_told_to_stop_goes_on_where_it_was() {
    let world = world().await;
    let last = history::write(&world.log, 6, 400).await;
    world.catch_up().await;
    let rows = common::rows(world.pool()).await;
    half_rebuilt(&world).await;
    assert_eq!(common::rows(world.pool()).await, rows, "the live tables are as they were");
    let done: i64 = sqlx::query_scalar("SELECT sum(applied)::bigint FROM projection_rebuild_parts")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert!(done > 0);

    history::import(&world.log, 1_000).await;
    let second = with(&world);
    let position = rebuild(&second, Arc::new(Feed)).await.unwrap();
    assert!(position > last, "what was appended meanwhile is there");
    let stand = *second.stand.borrow();
    assert_eq!(stand.before, done.cast_unsigned(), "nothing was applied twice");
    assert_eq!(stand.done, stand.total);
    assert_eq!(compare(&with(&world), Arc::new(Feed)).await.unwrap().different, 0);
}

#[tokio::test]
async fn a_rebuild_that_was_ended_is_given_up_and_nothing_of_it_stays() {
    let world = world().await;
    history::write(&world.log, 6, 400).await;
    world.catch_up().await;
    let rows = common::rows(world.pool()).await;
    half_rebuilt(&world).await;
    assert!(give_up(world.pool(), Arc::new(Feed)).await.unwrap());
    assert_eq!(schemas(&world).await, [] as [&str; 0]);
    assert!(!give_up(world.pool(), Arc::new(Feed)).await.unwrap());
    assert_eq!(common::rows(world.pool()).await, rows, "the live tables are as they were");
    let anew = with(&world);
    rebuild(&anew, Arc::new(Feed)).await.unwrap();
    assert_eq!(anew.stand.borrow().before, 0);
}

#[tokio::test]
async fn while_one_rebuilds_another_is_refused_and_so_is_a_comparison() {
    let world = world().await;
    history::write(&world.log, 2, 10).await;
    let mut other = world.pool().acquire().await.unwrap();
    sqlx::query("SELECT pg_advisory_lock($1, hashtext('feed'))")
        .bind(stage_store::locks::REBUILDS)
        .execute(&mut *other)
        .await
        .unwrap();
    let refused = rebuild(&with(&world), Arc::new(Feed)).await.unwrap_err();
    assert!(refused.to_string().starts_with("feed is being rebuilt or compared by another program"));
    assert!(matches!(compare(&with(&world), Arc::new(Feed)).await, Err(RebuildError::Busy("feed"))));
    // Another projection is another matter.
    rebuild(&with(&world), Arc::new(Stages)).await.unwrap();
}

#[tokio::test]
async fn an_event_that_cannot_be_applied_ends_the_rebuild_and_leaves_the_live_tables_alone() {
    let world = world().await;
    history::write(&world.log, 3, 30).await;
    world.catch_up().await;
    let rows = common::rows(world.pool()).await;
    let position = poison(&world).await;
    let ended = rebuild(&with(&world), Arc::new(Feed)).await.unwrap_err();
    assert!(matches!(&ended, RebuildError::Poison { position: at, .. } if *at == position), "{ended}");
    assert_eq!(common::rows(world.pool()).await, rows);
    let told: String =
        sqlx::query_scalar("SELECT error FROM projection_rebuilds").fetch_one(world.pool()).await.unwrap();
    assert!(told.contains(&position.to_string()) && told.contains("PostImported"), "{told}");
}

/// A post event in a form that nobody reads, in the real log.
async fn poison(world: &World) -> i64 {
    sqlx::query_scalar(
        r#"INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
           VALUES ('post', gen_random_uuid()::text, 1, 'PostImported', '1', '{"PostImported": {}}', '{}')
           RETURNING position"#,
    )
    .fetch_one(world.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_skipped_event_is_in_the_log_and_is_left_out_by_a_rebuild_too() {
    let world = world().await;
    history::write(&world.log, 2, 10).await;
    world.catch_up().await;
    let position = poison(&world).await;
    let mut connection = world.pool().acquire().await.unwrap();
    let after = take_up(&mut connection, &Feed, false).await.unwrap().position;
    let events = world.log.follow(after).next(100).await.unwrap();
    stage_projections::engine::apply(&mut connection, &Feed, after, &events).await.unwrap();

    let at = common::at(0);
    let wrong = skip(world.pool(), &Feed, position - 1, "a test", at).await.unwrap_err();
    assert!(matches!(wrong, OperateError::NotThere { at: Some(at), .. } if at == position), "{wrong}");
    assert!(matches!(skip(world.pool(), &Feed, position, " ", at).await, Err(OperateError::Invalid(_))));
    skip(world.pool(), &Feed, position, "a broken import", at).await.unwrap();
    let (kind, payload): (String, String) =
        sqlx::query_as("SELECT event_type, payload::text FROM events WHERE aggregate_type = 'projection'")
            .fetch_one(world.pool())
            .await
            .unwrap();
    assert_eq!(kind, "EventSkipped");
    assert!(payload.contains("a broken import") && payload.contains(&position.to_string()), "{payload}");
    let checkpoint = take_up(&mut connection, &Feed, false).await.unwrap();
    assert_eq!((checkpoint.state, checkpoint.position), (State::Running, position));

    drop(connection);
    history::import(&world.log, 1_000).await;
    rebuild(&with(&world), Arc::new(Feed)).await.unwrap();
    assert!(world.reads.post(history::post_id(0, 1_000)).await.unwrap().is_some());
}

#[tokio::test]
async fn what_a_copy_would_lack_is_refused_and_so_is_what_must_not_be_rebuilt() {
    let world = world().await;
    sqlx::raw_sql("CREATE VIEW read_stages.shown AS SELECT name FROM read_stages.stages")
        .execute(world.pool())
        .await
        .unwrap();
    let refused = rebuild(&with(&world), Arc::new(Stages)).await.unwrap_err();
    assert!(refused.to_string().contains("the relation shown"), "{refused}");

    struct Outbox;
    #[async_trait]
    impl Projection for Outbox {
        fn name(&self) -> &'static str {
            "outbox"
        }
        fn version(&self) -> i32 {
            1
        }
        async fn apply(&self, _: &mut PgConnection, _: &[Recorded]) -> Result<(), ProjectionError> {
            Ok(())
        }
        fn rebuild(&self) -> Rebuild {
            Rebuild::Never
        }
    }
    let refused = rebuild(&with(&world), Arc::new(Outbox)).await.unwrap_err();
    assert!(matches!(refused, RebuildError::Never("outbox")));
}
