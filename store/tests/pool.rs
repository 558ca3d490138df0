//! What the sessions of the program's pool are told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sqlx::PgPool;

async fn shown(pool: &PgPool, name: &str) -> String {
    sqlx::query_scalar(&format!("SHOW {name}")).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_session_of_the_program_has_time_limits() {
    let database = stage_testkit::database().await;
    let pool = stage_store::connect(&database.url, 2).await.unwrap();
    assert_eq!(shown(&pool, "idle_in_transaction_session_timeout").await, "1min");
    assert_eq!(shown(&pool, "statement_timeout").await, "2min");
    assert_eq!(shown(&pool, "application_name").await, "stage");
    let over_tcp: bool =
        sqlx::query_scalar("SELECT inet_server_addr() IS NOT NULL").fetch_one(&pool).await.unwrap();
    assert_eq!(shown(&pool, "tcp_keepalives_idle").await, if over_tcp { "30" } else { "0" });
}

#[tokio::test]
async fn what_the_databases_address_says_is_left_as_it_is() {
    let database = stage_testkit::database().await;
    let join = if database.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{join}options[statement_timeout]=5s", database.url);
    let pool = stage_store::connect(&url, 2).await.unwrap();
    assert_eq!(shown(&pool, "statement_timeout").await, "5s");
    assert_eq!(shown(&pool, "idle_in_transaction_session_timeout").await, "1min");
}

#[tokio::test]
async fn a_migration_leaves_no_session_without_a_time_limit() {
    let database = stage_testkit::empty_database().await;
    let pool = stage_store::connect(&database.url, 1).await.unwrap();
    stage_store::migrate(&pool).await.unwrap();
    assert_eq!(shown(&pool, "statement_timeout").await, "2min");
}
