use sqlx::PgConnection;

use super::row::AccountRow;
use crate::{
    ProjectionError,
    rows::{Rows, column, delete, split},
};

/// Writes the rows as the events left them.
pub(super) async fn store(tx: &mut PgConnection, accounts: Rows<AccountRow>) -> Result<(), ProjectionError> {
    let (rows, gone) = split(accounts);
    delete(tx, "accounts", "id", &gone).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let rows = &rows[..];
    sqlx::query(
        "INSERT INTO accounts (id, first_name, last_name, email, phone, language, registered_at, last_login_at,
             email_verified, version, restricted_at, objections)
         SELECT * FROM UNNEST($1::uuid[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::jsonb[], $6::text[],
             $7::timestamptz[], $8::timestamptz[], $9::boolean[], $10::bigint[],
             $11::timestamptz[], $12::jsonb[])
         ON CONFLICT (id) DO UPDATE
         SET first_name = excluded.first_name, last_name = excluded.last_name, email = excluded.email,
             phone = excluded.phone, language = excluded.language, last_login_at = excluded.last_login_at,
             email_verified = excluded.email_verified, version = excluded.version, restricted_at = excluded.restricted_at, objections = excluded.objections",
    )
    .bind(column(rows, |row| row.id))
    .bind(column(rows, |row| &row.first_name))
    .bind(column(rows, |row| &row.last_name))
    .bind(column(rows, |row| &row.email))
    .bind(column(rows, |row| row.phone.as_ref()))
    .bind(column(rows, |row| row.language.as_str()))
    .bind(column(rows, |row| row.registered_at))
    .bind(column(rows, |row| row.last_login_at))
    .bind(column(rows, |row| row.email_verified))
    .bind(column(rows, |row| row.version))
    .bind(column(rows, |row| row.restricted_at))
    .bind(column(rows, |row| &row.objections))
    .execute(tx)
    .await?;
    Ok(())
}
