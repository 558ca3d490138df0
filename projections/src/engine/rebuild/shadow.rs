//! Schemas that come and go: tables like the live ones, their indexes, and how one schema takes another's place.
//!
//! Names of schemas are made of the names of projections, which are written in the code.

use sqlx::{Executor, PgConnection};

use super::RebuildError;
use crate::{ProjectionError, engine::Projection};

/// An index that is made after loading, because nothing that applies events looks along it.
pub(super) type Index = String;

pub(super) async fn exists(connection: &mut PgConnection, schema: &str) -> Result<bool, ProjectionError> {
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
        .bind(schema)
        .fetch_one(connection)
        .await?;
    Ok(there)
}

/// Drops a schema that nobody is meant to look into any more. Who still does is waited for, a little.
pub(super) async fn drop(tx: &mut PgConnection, schema: &str) -> Result<(), ProjectionError> {
    sqlx::query("SET LOCAL client_min_messages = warning").execute(&mut *tx).await?;
    sqlx::query(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).execute(tx).await?;
    Ok(())
}

/// Makes the tables that a projection brings along.
pub(super) async fn make(
    tx: &mut PgConnection,
    schema: &str,
    tables: &'static str,
) -> Result<(), ProjectionError> {
    drop(tx, schema).await?;
    sqlx::query(&format!("CREATE SCHEMA {schema}")).execute(&mut *tx).await?;
    sqlx::query("SELECT set_config('search_path', $1, true)").bind(schema).execute(&mut *tx).await?;
    // Several statements at once.
    tx.execute(tables).await?;
    sqlx::query("SET LOCAL search_path TO DEFAULT").execute(tx).await?;
    Ok(())
}

/// Makes `schema` with tables like those of `like`, empty, with what keeps rows unique and without other indexes.
pub(super) async fn copy(tx: &mut PgConnection, schema: &str, like: &str) -> Result<(), RebuildError> {
    refuse_foreign(tx, like).await?;
    drop(tx, schema).await?;
    sqlx::query(&format!("CREATE SCHEMA {schema}")).execute(&mut *tx).await?;
    let tables: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT relname::text, array_to_string(reloptions, ', ') FROM pg_class
         WHERE relnamespace = $1::regnamespace AND relkind = 'r' ORDER BY relname",
    )
    .bind(like)
    .fetch_all(&mut *tx)
    .await?;
    for (table, options) in tables {
        let options = options.map(|options| format!("WITH ({options})")).unwrap_or_default();
        let sql = format!(
            "CREATE TABLE {schema}.{table} (LIKE {like}.{table} INCLUDING ALL EXCLUDING INDEXES) {options}"
        );
        sqlx::query(&sql).execute(&mut *tx).await?;
    }
    let constraints: Vec<String> = sqlx::query_scalar(
        "SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', $2, t.relname, c.conname, pg_get_constraintdef(c.oid))
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
         WHERE c.connamespace = $1::regnamespace AND c.contype IN ('p', 'u', 'x')",
    )
    .bind(like)
    .bind(schema)
    .fetch_all(&mut *tx)
    .await?;
    for sql in constraints.into_iter().chain(indexes(tx, schema, like, true).await?) {
        sqlx::query(&sql).execute(&mut *tx).await?;
    }
    Ok(())
}

/// The indexes of `like` that belong to no constraint, as statements that make them in `schema` where they are missing.
pub(super) async fn indexes(
    connection: &mut PgConnection,
    schema: &str,
    like: &str,
    unique: bool,
) -> Result<Vec<Index>, ProjectionError> {
    let defined: Vec<String> = sqlx::query_scalar(
        "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         WHERE t.relnamespace = $1::regnamespace AND i.indisunique = $2
           AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
         ORDER BY 1",
    )
    .bind(like)
    .bind(unique)
    .fetch_all(connection)
    .await?;
    let there = |sql: String| {
        sql.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1).replacen(
            &format!(" ON {like}."),
            &format!(" ON {schema}."),
            1,
        )
    };
    Ok(defined.into_iter().map(there).collect())
}

/// A table's trigger, a view or a function would be lost without a word.
async fn refuse_foreign(tx: &mut PgConnection, schema: &str) -> Result<(), RebuildError> {
    let what: Option<String> = sqlx::query_scalar(
        "SELECT 'the trigger ' || g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
         WHERE t.relnamespace = $1::regnamespace AND NOT g.tgisinternal
         UNION ALL
         SELECT 'the function ' || proname FROM pg_proc WHERE pronamespace = $1::regnamespace
         UNION ALL
         SELECT 'the relation ' || relname FROM pg_class
         WHERE relnamespace = $1::regnamespace AND relkind NOT IN ('r', 'i', 't')
         UNION ALL
         SELECT 'the foreign key ' || conname FROM pg_constraint
         WHERE connamespace = $1::regnamespace AND contype = 'f'
         LIMIT 1",
    )
    .bind(schema)
    .fetch_optional(tx)
    .await?;
    match what {
        Some(what) => Err(RebuildError::Foreign { schema: schema.to_owned(), what }),
        None => Ok(()),
    }
}

/// `new` becomes `live`, and what was live becomes `old`. Renaming a schema locks no table: who reads goes on reading,
/// and statements that begin afterwards find the new tables, also those that were prepared before.
pub(super) async fn swap(
    tx: &mut PgConnection,
    live: &str,
    new: &str,
    old: &str,
) -> Result<(), ProjectionError> {
    sqlx::query(&format!("ALTER SCHEMA {live} RENAME TO {old}")).execute(&mut *tx).await?;
    sqlx::query(&format!("ALTER SCHEMA {new} RENAME TO {live}")).execute(tx).await?;
    Ok(())
}

/// For a projection that never ran: the tables that it brings along take the place of those that migrations made.
pub(crate) async fn first(tx: &mut PgConnection, projection: &dyn Projection) -> Result<(), ProjectionError> {
    match projection.tables() {
        Some(tables) => make(tx, &crate::engine::schema(projection.name()), tables).await,
        None => Ok(()),
    }
}
