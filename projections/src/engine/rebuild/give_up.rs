use std::sync::Arc;

use sqlx::{Connection, PgPool};

use super::{RebuildError, finish::Names, lock, pass, progress, release, shadow};
use crate::engine::Projection;

/// Drops what a rebuild has made that was ended; the live tables serve on. `false` where there is none.
pub async fn give_up(pool: &PgPool, projection: Arc<dyn Projection>) -> Result<bool, RebuildError> {
    let name = projection.name();
    let lock = lock(pool, name).await?;
    let there = drop_next(pool, &Names::of(name)).await;
    release(lock, name).await?;
    there
}

async fn drop_next(pool: &PgPool, names: &Names) -> Result<bool, RebuildError> {
    let mut connection = pass::connect(pool).await?;
    let mut tx = connection.begin().await?;
    // Who still looks into it, as an index that is being made, has to end first.
    sqlx::query("SET LOCAL lock_timeout = '5s'").execute(&mut *tx).await?;
    let there = shadow::exists(&mut tx, &names.next).await?;
    for schema in [&names.next, &names.shape] {
        shadow::drop(&mut tx, schema).await?;
    }
    progress::forget(&mut tx, &names.next).await?;
    tx.commit().await?;
    connection.close().await?;
    Ok(there)
}
