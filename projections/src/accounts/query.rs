use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use stage_domain::{AccountId, Personal, account::Purpose};
use uuid::Uuid;

use super::{AccountView, NameView};
use crate::{ProjectionError, Reads, names};

#[derive(sqlx::FromRow)]
struct Row {
    first_name: Value,
    last_name: Value,
    email: Value,
    phone: Option<Value>,
    language: String,
    registered_at: DateTime<Utc>,
    last_login_at: Option<DateTime<Utc>>,
    email_verified: bool,
    version: i64,
    restricted_at: Option<DateTime<Utc>>,
    objections: Json<Vec<Purpose>>,
}

impl Reads {
    /// What these people are called. Whoever was erased has no name and is there all the same; whose data is restricted is
    /// not.
    pub async fn names(
        &self,
        accounts: &[AccountId],
    ) -> Result<HashMap<AccountId, NameView>, ProjectionError> {
        let ids: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
        let rows: Vec<(Uuid, Value, Value)> = sqlx::query_as(
            "SELECT id, first_name, last_name FROM read_accounts.accounts
                 WHERE id = ANY($1) AND restricted_at IS NULL",
        )
        .bind(ids)
        .fetch_all(self.log.pool())
        .await?;
        let mut sealed = vec![];
        let mut ids = vec![];
        for (id, first_name, last_name) in rows {
            ids.push(AccountId(id));
            sealed.extend([first_name, last_name]);
        }
        let mut opened = self.log.open(&sealed).await?.into_iter();
        let mut next = || opened.next().flatten().and_then(|value| value.as_str().map(str::to_owned));
        Ok(ids.into_iter().map(|id| (id, NameView { first_name: next(), last_name: next() })).collect())
    }

    pub async fn account(&self, id: AccountId) -> Result<Option<AccountView>, ProjectionError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT first_name, last_name, email, phone, language, registered_at, last_login_at, email_verified,
                 version, restricted_at, objections
             FROM read_accounts.accounts WHERE id = $1",
        )
        .bind(id.0)
        .fetch_optional(self.log.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let has_phone = row.phone.is_some();
        let sealed: Vec<Value> = [Some(row.first_name), Some(row.last_name), Some(row.email), row.phone]
            .into_iter()
            .flatten()
            .collect();
        let mut opened = self.log.open(&sealed).await?.into_iter();
        let mut personal = || match opened.next().flatten() {
            Some(Value::String(value)) => Personal::Known { subject: id, value },
            _ => Personal::Erased { subject: id },
        };
        Ok(Some(AccountView {
            id,
            first_name: personal(),
            last_name: personal(),
            email: personal(),
            phone: has_phone.then(personal),
            language: names::read("language", &row.language)?,
            registered_at: row.registered_at,
            last_login_at: row.last_login_at,
            email_verified: row.email_verified,
            version: row.version.cast_unsigned(),
            restricted_at: row.restricted_at,
            objections: row.objections.0,
        }))
    }
}
