use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use stage_domain::{Language, account::AccountEvent};
use stage_store::Recorded;
use uuid::Uuid;

use crate::{
    ProjectionError,
    engine::{Projection, Rebuild},
};

/// The projection `accounts`.
pub struct Accounts;

#[async_trait]
impl Projection for Accounts {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn version(&self) -> i32 {
        1
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let mut changes = Changes::default();
        for event in batch.iter().filter(|event| event.stream_type == "account") {
            changes.on(event)?;
        }
        changes.write(tx).await
    }

    fn rebuild(&self) -> Rebuild {
        Rebuild::Shared { passes: &[&["account"]] }
    }
}

/// What a batch says about accounts. Registrations are written first, then what happened to the accounts.
#[derive(Default)]
struct Changes {
    registered: Vec<Registered>,
    logged_in: BTreeMap<Uuid, LoggedIn>,
}

struct Registered {
    id: Uuid,
    first_name: Value,
    last_name: Value,
    email: Value,
    phone: Option<Value>,
    language: Language,
    at: DateTime<Utc>,
    version: i64,
}

struct LoggedIn {
    at: DateTime<Utc>,
    version: i64,
}

impl Changes {
    fn on(&mut self, event: &Recorded) -> Result<(), ProjectionError> {
        let id = event.stream_id;
        let version = event.sequence.cast_signed();
        match event.event::<AccountEvent>()? {
            AccountEvent::AccountRegistered { language, at, .. } => self.registered.push(Registered {
                id,
                first_name: sealed(event, "first_name")?,
                last_name: sealed(event, "last_name")?,
                email: sealed(event, "email")?,
                phone: event.sealed("phone")?,
                language,
                at,
                version,
            }),
            AccountEvent::AccountLoggedIn { at } => {
                self.logged_in.insert(id, LoggedIn { at, version });
            }
        }
        Ok(())
    }

    async fn write(self, tx: &mut PgConnection) -> Result<(), ProjectionError> {
        let new = &self.registered;
        if !new.is_empty() {
            sqlx::query(
                "INSERT INTO accounts
                     (id, first_name, last_name, email, phone, language, registered_at, version)
                 SELECT * FROM UNNEST($1::uuid[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::jsonb[],
                     $6::text[], $7::timestamptz[], $8::bigint[])",
            )
            .bind(new.iter().map(|r| r.id).collect::<Vec<_>>())
            .bind(new.iter().map(|r| &r.first_name).collect::<Vec<_>>())
            .bind(new.iter().map(|r| &r.last_name).collect::<Vec<_>>())
            .bind(new.iter().map(|r| &r.email).collect::<Vec<_>>())
            .bind(new.iter().map(|r| r.phone.as_ref()).collect::<Vec<_>>())
            .bind(new.iter().map(|r| r.language.code()).collect::<Vec<_>>())
            .bind(new.iter().map(|r| r.at).collect::<Vec<_>>())
            .bind(new.iter().map(|r| r.version).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
        }
        if !self.logged_in.is_empty() {
            sqlx::query(
                "UPDATE accounts SET last_login_at = new.at, version = new.version
                 FROM UNNEST($1::uuid[], $2::timestamptz[], $3::bigint[]) AS new (id, at, version)
                 WHERE accounts.id = new.id",
            )
            .bind(self.logged_in.keys().copied().collect::<Vec<_>>())
            .bind(self.logged_in.values().map(|l| l.at).collect::<Vec<_>>())
            .bind(self.logged_in.values().map(|l| l.version).collect::<Vec<_>>())
            .execute(tx)
            .await?;
        }
        Ok(())
    }
}

/// A personal value that every registration has, still sealed.
fn sealed(event: &Recorded, field: &str) -> Result<Value, ProjectionError> {
    event.sealed(field)?.ok_or_else(|| ProjectionError::Poison {
        projection: "accounts",
        position: event.position,
        error: format!("{field} is missing"),
    })
}
