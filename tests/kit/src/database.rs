use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// A key for the lock under which one test process makes the template. Any number would do.
const TEMPLATE_LOCK: i64 = 0x5374_6167_6554;

/// A database of one test's own.
pub struct TestDatabase {
    pub pool: PgPool,
    pub url: String,
    pub name: String,
}

impl TestDatabase {
    /// Waits until the database says yes.
    pub async fn until(&self, question: &str) {
        let begun = Instant::now();
        while !sqlx::query_scalar::<_, bool>(question).fetch_one(&self.pool).await.expect("is asked") {
            assert!(begun.elapsed() < Duration::from_secs(60), "never so: {question}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until so many sessions wait for a lock.
    pub async fn blocked(&self, sessions: i64) {
        self.until(&format!(
            "SELECT count(*) >= {sessions} FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ))
        .await;
    }
}

/// A fresh, migrated database.
pub async fn database() -> TestDatabase {
    let template = template().await;
    create(&format!("TEMPLATE {template}")).await
}

/// A fresh database without any table.
pub async fn empty_database() -> TestDatabase {
    create("TEMPLATE template0").await
}

async fn create(clause: &str) -> TestDatabase {
    let name = crate::unique("test");
    let mut admin = admin().await;
    execute(&mut admin, &format!("CREATE DATABASE {name} {clause}")).await;
    let options = options().database(&name);
    let pool = PgPoolOptions::new()
        .max_connections(10)
        .connect_with(options.clone())
        .await
        .expect("connects to the test database");
    TestDatabase { pool, url: url_of(&name), name }
}

/// The migrated template, made by the first test that asks. Its name tells the program's migrations apart,
/// so that an old template is never used with new migrations.
async fn template() -> String {
    let name = format!("template_{}", stage_store::migrations_digest());
    let mut admin = admin().await;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut admin).await.expect("locks");
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut admin)
        .await
        .expect("asks for the template");
    if !there {
        let raw = format!("{name}_raw");
        execute(&mut admin, &format!("DROP DATABASE IF EXISTS {raw}")).await;
        execute(&mut admin, &format!("CREATE DATABASE {raw} TEMPLATE template0")).await;
        let pool = PgPool::connect_with(options().database(&raw)).await.expect("connects to the template");
        stage_store::migrate(&pool).await.expect("migrates the template");
        pool.close().await;
        // A session may outlive its client for a while, and a database in use is not renamed.
        execute(
            &mut admin,
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{raw}'"),
        )
        .await;
        execute(&mut admin, &format!("ALTER DATABASE {raw} RENAME TO {name}")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut admin)
        .await
        .expect("unlocks");
    name
}

async fn admin() -> PgConnection {
    PgConnection::connect_with(&options()).await.expect("connects to the test server")
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::query(sql).execute(connection).await.expect("runs on the test server");
}

fn options() -> PgConnectOptions {
    PgConnectOptions::from_str(&crate::postgres_url()).expect("the test server's address is well formed")
}

/// The same server's address with another database.
fn url_of(name: &str) -> String {
    let base = crate::postgres_url();
    let (path, query) = base.split_once('?').map_or((base.as_str(), None), |(p, q)| (p, Some(q)));
    let server = path.rsplit_once('/').map_or(path, |(server, _)| server);
    match query {
        Some(query) => format!("{server}/{name}?{query}"),
        None => format!("{server}/{name}"),
    }
}
