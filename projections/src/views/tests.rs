#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chrono::NaiveDate;
use futures::future::join_all;
use sqlx::PgPool;
use stage_domain::{PostId, StageId};
use uuid::Uuid;

use super::{CountError, Counts, Part, ViewBatch, Viewed, count, counted, finish, query::totals, sweep};

const POST: Viewed = Viewed::Post(PostId(Uuid::from_u128(1)));
const STAGE: Viewed = Viewed::Stage(StageId(Uuid::from_u128(1)));
const JOURNAL: Uuid = Uuid::from_u128(7);

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn people(views: u64) -> Counts {
    Counts { views, bots: 0 }
}

fn batch(after: u64, up_to: u64) -> ViewBatch {
    ViewBatch {
        journals: [(JOURNAL, Part { after, up_to })].into(),
        counts: [((POST, day(1)), people(up_to - after))].into(),
    }
}

async fn counts(pool: &PgPool, batch: &ViewBatch) -> Result<(), CountError> {
    count(&mut *pool.acquire().await?, batch, || ()).await
}

#[tokio::test]
async fn a_post_and_a_stage_with_one_id_are_counted_apart_by_day_and_without_bots() {
    let database = stage_testkit::database().await;
    let batch = ViewBatch {
        counts: [
            ((POST, day(1)), people(2)),
            ((POST, day(3)), Counts { views: 3, bots: 7 }),
            ((STAGE, day(1)), Counts { views: 0, bots: 4 }),
        ]
        .into(),
        ..batch(0, 16)
    };
    counts(&database.pool, &batch).await.unwrap();
    let unknown = Viewed::Post(PostId(Uuid::from_u128(2)));
    assert_eq!(
        totals(&database.pool, &[STAGE, unknown, POST, STAGE]).await.unwrap(),
        [Counts { views: 0, bots: 4 }, people(0), Counts { views: 5, bots: 7 }, Counts { views: 0, bots: 4 },]
    );
    let by_day: Vec<(NaiveDate, i64, i64)> = sqlx::query_as(
        "SELECT day, count, bots FROM read_views.view_days WHERE kind = $1 AND id = $2 ORDER BY day",
    )
    .bind(POST.kind())
    .bind(POST.id())
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(by_day, [(day(1), 2, 0), (day(3), 3, 7)]);
}

#[tokio::test]
async fn of_many_who_count_the_same_records_at_once_one_does() {
    let database = stage_testkit::database().await;
    for round in 0..10 {
        let batch = batch(round * 5, round * 5 + 5);
        let all = join_all((0..8).map(|_| counts(&database.pool, &batch))).await;
        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1);
        assert!(all.iter().all(|one| matches!(one, Ok(()) | Err(CountError::Overtaken))));
    }
    assert_eq!(totals(&database.pool, &[POST]).await.unwrap(), [people(50)]);
}

#[tokio::test]
async fn records_that_do_not_follow_what_is_counted_are_refused_and_change_nothing() {
    let database = stage_testkit::database().await;
    assert!(matches!(counts(&database.pool, &batch(5, 6)).await, Err(CountError::Overtaken)));
    counts(&database.pool, &batch(0, 5)).await.unwrap();
    for wrong in [batch(0, 5), batch(4, 8), batch(6, 8)] {
        assert!(matches!(counts(&database.pool, &wrong).await, Err(CountError::Overtaken)));
    }
    assert_eq!(totals(&database.pool, &[POST]).await.unwrap(), [people(5)]);
    assert_eq!(counted(&database.pool, &[JOURNAL]).await.unwrap(), [(JOURNAL, 5)].into());
}

#[tokio::test]
async fn nobody_takes_a_view_back() {
    let database = stage_testkit::database().await;
    let by_bots =
        ViewBatch { counts: [((POST, day(1)), Counts { views: 5, bots: 5 })].into(), ..batch(0, 10) };
    counts(&database.pool, &by_bots).await.unwrap();
    for statement in [
        "UPDATE read_views.view_totals SET bots = bots - 1",
        "UPDATE read_views.view_days SET bots = 0",
        "UPDATE read_views.view_totals SET count = count - 1",
        "UPDATE read_views.view_totals SET id = gen_random_uuid()",
        "DELETE FROM read_views.view_totals",
        "TRUNCATE read_views.view_totals",
        "UPDATE read_views.view_days SET count = 1",
        "UPDATE read_views.view_days SET day = day + 1",
        "DELETE FROM read_views.view_days",
        "TRUNCATE read_views.view_days",
        "UPDATE read_views.view_journals SET counted_to = 0",
        "DELETE FROM read_views.view_journals",
        "TRUNCATE read_views.view_journals",
    ] {
        let refused = sqlx::query(statement).execute(&database.pool).await.unwrap_err();
        let message = refused.as_database_error().map(|error| error.message().to_owned());
        assert_eq!(message.as_deref(), Some("view counts only rise"), "{statement}");
    }
}

#[tokio::test]
async fn only_a_finished_journal_is_forgotten_and_only_some_time_later() {
    let database = stage_testkit::database().await;
    counts(&database.pool, &batch(0, 5)).await.unwrap();
    assert_eq!(sweep(&database.pool, Duration::ZERO).await.unwrap(), 0);
    finish(&database.pool, &[JOURNAL]).await.unwrap();
    assert_eq!(sweep(&database.pool, Duration::from_secs(60)).await.unwrap(), 0);
    assert_eq!(sweep(&database.pool, Duration::ZERO).await.unwrap(), 1);
}

#[tokio::test]
async fn the_tables_have_no_column_for_anything_about_readers() {
    let database = stage_testkit::database().await;
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT column_name::text FROM information_schema.columns
         WHERE table_schema = 'read_views' ORDER BY 1",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(columns, ["bots", "count", "counted_to", "day", "finished_at", "id", "journal", "kind"]);
}
