use sqlx::PgPool;
use stage_store::locks;

use crate::ProjectionError;

/// The projections, and the consumers of the outbox, that some process leads just now.
pub async fn led(pool: &PgPool) -> Result<Vec<String>, ProjectionError> {
    let led = sqlx::query_scalar(
        "SELECT name FROM projection_checkpoints
         WHERE EXISTS (SELECT FROM pg_locks
                       WHERE locktype = 'advisory' AND granted AND objsubid = 2
                         AND classid = $1::int4::oid AND objid = hashtext(name)::oid
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
         ORDER BY name",
    )
    .bind(locks::PROJECTIONS)
    .fetch_all(pool)
    .await?;
    Ok(led)
}
