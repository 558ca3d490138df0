//! The log is never changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use rstest::rstest;
use stage_domain::stage::Stage;
use support::{create, fresh, store};
use uuid::Uuid;

#[rstest]
#[case::update("UPDATE events SET payload = '{}'")]
#[case::update_of_nothing("UPDATE events SET payload = '{}' WHERE false")]
#[case::delete("DELETE FROM events")]
#[case::truncate("TRUNCATE events")]
#[case::as_a_replica("SET session_replication_role = replica; DELETE FROM events")]
#[case::upsert(
    "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
     SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata FROM events
     ON CONFLICT ON CONSTRAINT events_pkey DO UPDATE SET payload = '{}'"
)]
#[tokio::test]
async fn an_event_is_neither_changed_nor_removed(#[case] sql: &str) {
    let s = store().await;
    s.log.execute::<Stage>(Uuid::now_v7(), create("a"), fresh()).await.unwrap();
    let refused = sqlx::raw_sql(sql).execute(s.log.pool()).await.unwrap_err();
    let refusal = refused.as_database_error().unwrap();
    assert_eq!(refusal.code().as_deref(), Some("23001"));
    assert!(refusal.message().starts_with("events are never changed"), "{refusal}");
    assert_eq!(s.log.read(0, i64::MAX, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_role_that_owns_nothing_can_append_and_read_but_not_switch_the_guard_off() {
    let s = store().await;
    let role = stage_testkit::unique("writer");
    let mut connection = s.log.pool().acquire().await.unwrap();
    let run = format!(
        "CREATE ROLE {role};
         GRANT INSERT, SELECT, UPDATE, DELETE, TRUNCATE ON events TO {role};
         GRANT USAGE ON SEQUENCE event_position TO {role};
         SET ROLE {role};"
    );
    sqlx::raw_sql(&run).execute(&mut *connection).await.unwrap();
    support::raw_insert(&mut connection).await;
    for sql in ["UPDATE events SET sequence = 2", "DELETE FROM events", "TRUNCATE events"] {
        let refused = sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("23001"), "{sql}");
    }
    for sql in ["ALTER TABLE events DISABLE TRIGGER ALL", "DROP TABLE events"] {
        let refused = sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("42501"), "{sql}");
    }
    let clean = format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role};");
    sqlx::raw_sql(&clean).execute(&mut *connection).await.unwrap();
}
