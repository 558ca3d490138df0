use sqlx::PgConnection;

use crate::ProjectionError;

/// Gives whoever may look into `live` the same rights in `new`: an operator may have let a role read there, for reports or
/// backups. Tables and columns that `new` does not have any more are left out. Granting locks no table.
pub(super) async fn carry_over(tx: &mut PgConnection, live: &str, new: &str) -> Result<(), ProjectionError> {
    let grants: Vec<String> = sqlx::query_scalar(
        "WITH old AS (SELECT oid, nspacl, nspowner FROM pg_namespace WHERE nspname = $1),
              tables AS (SELECT was.oid, was.relname, was.relacl, was.relowner, is_now.oid AS new
                         FROM pg_class was JOIN old ON was.relnamespace = old.oid
                         JOIN pg_class is_now ON is_now.relnamespace = $2::regnamespace AND is_now.relname = was.relname
                         WHERE was.relkind = 'r' AND is_now.relkind = 'r'),
              given AS (
                  SELECT format('%s ON SCHEMA %I', privilege_type, $2) AS what, grantee, is_grantable
                  FROM old, aclexplode(nspacl) WHERE grantee <> nspowner
                  UNION ALL
                  SELECT format('%s ON %I.%I', privilege_type, $2, relname), grantee, is_grantable
                  FROM tables, aclexplode(relacl) WHERE grantee <> relowner
                  UNION ALL
                  SELECT format('%s (%I) ON %I.%I', privilege_type, a.attname, $2, relname), grantee, is_grantable
                  FROM tables JOIN pg_attribute a ON a.attrelid = tables.oid
                  JOIN pg_attribute n ON n.attrelid = tables.new AND n.attname = a.attname AND NOT n.attisdropped,
                       aclexplode(a.attacl) WHERE NOT a.attisdropped AND grantee <> relowner)
         SELECT format('GRANT %s TO %s%s', what,
                       CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                       CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
         FROM given",
    )
    .bind(live)
    .bind(new)
    .fetch_all(&mut *tx)
    .await?;
    for grant in grants {
        sqlx::query(&grant).execute(&mut *tx).await?;
    }
    Ok(())
}
