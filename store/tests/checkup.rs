//! What a look at the database finds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::str::FromStr;

use chrono::{TimeDelta, Utc};
use sqlx::{PgPool, postgres::PgConnectOptions};
use stage_store::{MasterKey, checkup, key_checkup, vacuum_keys};

#[allow(clippy::disallowed_methods)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

#[tokio::test]
async fn a_migrated_database_has_nothing_missing_and_nothing_foreign() {
    let database = stage_testkit::database().await;
    let found = checkup(&database.pool, now()).await.unwrap();
    assert!(found.version >= 150_000);
    assert!(!found.is_standby);
    assert_eq!(found.missing_migrations, [] as [i64; 0]);
    assert_eq!(found.foreign_migrations, [] as [i64; 0]);
    assert_eq!(found.disabled_triggers, [] as [String; 0]);
    assert!(found.clock_ahead.abs() < TimeDelta::minutes(1), "the same clock");
    assert!(found.connections.0 >= 1 && found.connections.0 <= found.connections.1);
}

#[tokio::test]
async fn an_empty_database_lacks_every_migration() {
    let database = stage_testkit::empty_database().await;
    let found = checkup(&database.pool, now()).await.unwrap();
    assert_eq!(found.missing_migrations.first(), Some(&1));
    assert_eq!(found.foreign_migrations, [] as [i64; 0]);
}

#[tokio::test]
async fn what_somebody_changed_is_named() {
    let database = stage_testkit::database().await;
    for sql in [
        "ALTER TABLE events DISABLE TRIGGER events_never_change",
        "UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 1",
        "INSERT INTO _sqlx_migrations VALUES (9999, 'newer', now(), true, 'y', 0)",
    ] {
        sqlx::query(sql).execute(&database.pool).await.unwrap();
    }
    let found = checkup(&database.pool, now() - TimeDelta::minutes(10)).await.unwrap();
    assert_eq!(found.disabled_triggers, ["events.events_never_change"]);
    assert_eq!(found.missing_migrations, [1]);
    assert_eq!(found.foreign_migrations, [1, 9999]);
    assert!(found.clock_ahead > TimeDelta::minutes(9));
}

#[tokio::test]
async fn a_role_that_may_not_vacuum_the_keys_is_told_so_and_does_not_take_them_for_gone() {
    let database = stage_testkit::database().await;
    let may = async |pool: &PgPool| key_checkup(pool, MasterKey::generate().into()).await.unwrap().may_vacuum;
    assert!(may(&database.pool).await);
    assert!(vacuum_keys(&database.pool).await.unwrap());

    let role = stage_testkit::unique("reader");
    let make = format!("CREATE ROLE {role}; GRANT SELECT ON subject_keys, installation_keys TO {role}");
    sqlx::raw_sql(&make).execute(&database.pool).await.unwrap();
    let options = PgConnectOptions::from_str(&database.url).unwrap().options([("role", &role)]);
    let as_role = PgPool::connect_with(options).await.unwrap();
    assert!(!may(&as_role).await);
    assert!(!vacuum_keys(&as_role).await.unwrap());
    as_role.close().await;
    let clean = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    sqlx::raw_sql(&clean).execute(&database.pool).await.unwrap();
}
