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
    changed: BTreeMap<Uuid, Changed>,
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

/// What is different after a batch; `None` stays as it was.
#[derive(Default)]
struct Changed {
    last_login_at: Option<DateTime<Utc>>,
    email_verified: Option<bool>,
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
            AccountEvent::AccountLoggedIn { at } => self.changed(id, version).last_login_at = Some(at),
            AccountEvent::EmailVerified { .. } => self.changed(id, version).email_verified = Some(true),
            AccountEvent::EmailVerificationRequested { .. }
            | AccountEvent::PasswordResetRequested { .. }
            | AccountEvent::PasswordChanged { .. } => {
                self.changed(id, version);
            }
        }
        Ok(())
    }

    fn changed(&mut self, id: Uuid, version: i64) -> &mut Changed {
        let changed = self.changed.entry(id).or_default();
        changed.version = version;
        changed
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
        if !self.changed.is_empty() {
            sqlx::query(
                "UPDATE accounts SET
                     last_login_at = coalesce(new.last_login_at, accounts.last_login_at),
                     email_verified = coalesce(new.email_verified, accounts.email_verified),
                     version = new.version
                 FROM UNNEST($1::uuid[], $2::timestamptz[], $3::boolean[], $4::bigint[])
                     AS new (id, last_login_at, email_verified, version)
                 WHERE accounts.id = new.id",
            )
            .bind(self.changed.keys().copied().collect::<Vec<_>>())
            .bind(self.changed.values().map(|c| c.last_login_at).collect::<Vec<_>>())
            .bind(self.changed.values().map(|c| c.email_verified).collect::<Vec<_>>())
            .bind(self.changed.values().map(|c| c.version).collect::<Vec<_>>())
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
