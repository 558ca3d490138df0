//! Taking the rows of destroyed keys out of PostgreSQL's table, where a deleted row stays until it is vacuumed.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::StoreError;

/// Takes destroyed keys, each still wrapped by its master key, out of the table. `false` where one may still be there: an old
/// transaction could see it, or this role does not own the table. Fails when the table is busy for two seconds.
pub async fn vacuum_keys(pool: &PgPool) -> Result<bool, StoreError> {
    // A connection of its own, because the limit is the session's.
    let mut connection = pool.acquire().await?;
    connection.close_on_drop();
    vacuum(&mut connection).await
}

async fn vacuum(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query("SET lock_timeout = '2s'").execute(&mut *connection).await?;
    let begun: DateTime<Utc> =
        sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut *connection).await?;
    sqlx::query("VACUUM subject_keys").execute(&mut *connection).await?;
    // Whom PostgreSQL does not let vacuum gets a warning and no error; then the time is an older one.
    let is_clean: Option<bool> = sqlx::query_scalar(
        "SELECT n_dead_tup = 0 AND last_vacuum >= $1 FROM pg_stat_user_tables
         WHERE relid = 'subject_keys'::regclass",
    )
    .bind(begun)
    .fetch_one(connection)
    .await?;
    Ok(is_clean.unwrap_or(false))
}

/// Whether PostgreSQL lets this role vacuum the table: as the owner of it or of the database, or, since version 17, because
/// it was granted.
pub(super) async fn allowed(pool: &PgPool) -> Result<bool, StoreError> {
    let owns: bool = sqlx::query_scalar(
        "SELECT pg_has_role(relowner, 'USAGE')
             OR (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database())
         FROM pg_class WHERE oid = 'subject_keys'::regclass",
    )
    .fetch_one(pool)
    .await?;
    if owns {
        return Ok(true);
    }
    let knows_grant: bool = sqlx::query_scalar("SELECT current_setting('server_version_num')::int >= 170000")
        .fetch_one(pool)
        .await?;
    if !knows_grant {
        return Ok(false);
    }
    let granted = sqlx::query_scalar("SELECT has_table_privilege('subject_keys', 'MAINTAIN')");
    Ok(granted.fetch_one(pool).await?)
}
