//! The row of an account, and what each event makes of it. Personal values are copied as the log has them: sealed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use stage_domain::account::{AccountEvent, Purpose};
use stage_store::Recorded;
use uuid::Uuid;

use crate::{ProjectionError, rows::Row};

#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct AccountRow {
    pub(super) id: Uuid,
    pub(super) first_name: Value,
    pub(super) last_name: Value,
    pub(super) email: Value,
    pub(super) phone: Option<Value>,
    pub(super) language: String,
    pub(super) registered_at: DateTime<Utc>,
    pub(super) last_login_at: Option<DateTime<Utc>>,
    pub(super) email_verified: bool,
    pub(super) version: i64,
    pub(super) restricted_at: Option<DateTime<Utc>>,
    pub(super) objections: Json<Vec<Purpose>>,
}

impl Row for AccountRow {
    const TABLE: &'static str = "accounts";

    fn id(&self) -> Uuid {
        self.id
    }
}

impl AccountRow {
    /// An account's row as its event leaves it; `None` once it is erased.
    pub(super) fn after(row: Option<Self>, event: &Recorded) -> Result<Option<Self>, ProjectionError> {
        let version = event.sequence.cast_signed();
        let known = event.event::<AccountEvent>()?;
        if let AccountEvent::AccountRegistered { language, at, .. } = known {
            return Ok(Some(Self {
                id: event.stream_id,
                first_name: sealed(event, "first_name")?,
                last_name: sealed(event, "last_name")?,
                email: sealed(event, "email")?,
                phone: event.sealed("phone")?,
                language: language.code().to_owned(),
                registered_at: at,
                last_login_at: None,
                email_verified: false,
                version,
                restricted_at: None,
                objections: Json(vec![]),
            }));
        }
        let Some(row) = row else { return Ok(None) };
        let mut row = Self { version, ..row };
        match known {
            AccountEvent::AccountRegistered { .. }
            | AccountEvent::EmailVerificationRequested { .. }
            | AccountEvent::PasswordResetRequested { .. }
            | AccountEvent::PasswordChanged { .. }
            | AccountEvent::SecondFactorEnabled { .. }
            | AccountEvent::SecondFactorDisabled { .. }
            | AccountEvent::RecoveryCodeUsed { .. }
            | AccountEvent::RecoveryCodesRenewed { .. }
            | AccountEvent::RestrictionLiftAnnounced { .. } => {}
            AccountEvent::EmailVerified { .. } => row.email_verified = true,
            AccountEvent::AccountLoggedIn { at } => row.last_login_at = Some(at),
            AccountEvent::AccountCorrected { email, phone_removed, language, .. } => {
                row.email_verified &= email.is_none();
                row.first_name = event.sealed("first_name")?.unwrap_or(row.first_name);
                row.last_name = event.sealed("last_name")?.unwrap_or(row.last_name);
                row.email = event.sealed("email")?.unwrap_or(row.email);
                row.phone = event.sealed("phone")?.or(row.phone.filter(|_| !phone_removed));
                row.language = language.map_or(row.language, |language| language.code().to_owned());
            }
            AccountEvent::AccountRestricted { at } => row.restricted_at = row.restricted_at.or(Some(at)),
            AccountEvent::RestrictionLifted { .. } => row.restricted_at = None,
            AccountEvent::ObjectionRaised { purpose, .. } => row.objections.push(purpose),
            AccountEvent::ObjectionWithdrawn { purpose, .. } => {
                row.objections.retain(|other| *other != purpose)
            }
            AccountEvent::AccountErased { .. } => return Ok(None),
        }
        Ok(Some(row))
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
