use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use stage_commands::Missing;
use stage_domain::Personal;
use stage_projections::accounts::AccountView;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{object::PurposeName, register::LanguageCode};
use crate::{
    app::Shared,
    contract::{params::WaitParams, responses::ReadRefusals},
    extract::{Session, Waited},
    problem::Problem,
};

/// One's own account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct Account {
    id: Uuid,
    /// Absent once it is erased, like all that names the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    /// Whether the person followed the link that was mailed to this address.
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phone: Option<String>,
    language: LanguageCode,
    registered_at: DateTime<Utc>,
    /// Absent before the first log-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_login_at: Option<DateTime<Utc>>,
    /// Since when data is kept and not used. Absent where it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    restricted_at: Option<DateTime<Utc>>,
    /// The purposes that I object to.
    objections: Vec<PurposeName>,
    #[schema(minimum = 0)]
    version: u64,
}

impl From<AccountView> for Account {
    fn from(view: AccountView) -> Self {
        let known = |value: Personal<String>| value.known().cloned();
        Self {
            id: view.id.0,
            first_name: known(view.first_name),
            last_name: known(view.last_name),
            email: known(view.email),
            email_verified: view.email_verified,
            phone: view.phone.and_then(known),
            language: view.language.into(),
            registered_at: view.registered_at,
            last_login_at: view.last_login_at,
            restricted_at: view.restricted_at,
            objections: view.objections.into_iter().map(Into::into).collect(),
            version: view.version,
        }
    }
}

/// Read my account
///
/// The right of access (Art. 15 GDPR). All that there is about me is in the archive of `GET /api/v1/account/export`.
#[utoipa::path(
    get, path = "/api/v1/account", operation_id = "read_account", tag = "accounts",
    security(("session" = [])), params(WaitParams),
    responses(
        (status = 200, description = "The account", body = Account,
            headers(("ETag" = String, description = "The version in quotes"))),
        ReadRefusals,
    ),
)]
pub(crate) async fn read(
    State(app): State<Shared>,
    session: Session,
    _: Waited,
) -> Result<Response, Problem> {
    let view = app.reads.account(session.actor.account).await?;
    let view = view.ok_or_else(|| Problem::missing(Missing::Account))?;
    let etag = format!("\"{}\"", view.version);
    Ok(([(header::ETAG, etag)], Json(Account::from(view))).into_response())
}
