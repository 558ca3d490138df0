use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use stage_commands::{Request, accounts};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answer::POSITION,
    app::Shared,
    clock,
    contract::{params::VersionHeader, responses::EraseRefusals, text},
    extract::{self, Ask, ClientAddress, Session},
    problem::Problem,
    session::cookies,
};

/// Whoever erases an account knows its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EraseAccount {
    #[schema(schema_with = text::password)]
    #[serde(deserialize_with = "super::secret")]
    password: SecretString,
}

/// An erasure and how far it is. It says nothing about the person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erasure {
    /// The number that the account had.
    account_id: Uuid,
    /// Of the event that tells of it.
    #[schema(minimum = 0)]
    position: i64,
    /// When the key was destroyed. From then on nothing about the person can be read.
    erased_at: DateTime<Utc>,
    /// Stages closed so far.
    #[schema(minimum = 0)]
    stages: i32,
    /// Files deleted so far.
    #[schema(minimum = 0)]
    files: i32,
    /// Absent while stages are being closed and files deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    finished_at: Option<DateTime<Utc>>,
    /// The receipt, a signed note (c2sp.org/signed-note). Absent until it is finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    receipt: Option<String>,
}

impl From<accounts::Erasure> for Erasure {
    fn from(erasure: accounts::Erasure) -> Self {
        let accounts::Erasure { account_id, position, erased_at, stages, files, finished_at, receipt } =
            erasure;
        Self { account_id, position, erased_at, stages, files, finished_at, receipt }
    }
}

/// Erase my account
///
/// The right to erasure (Art. 17 GDPR). The key under which everything about me is sealed is destroyed, all my sessions
/// end, the stages that I alone own are closed and their files deleted; one with another owner goes on without me. It can't be
/// undone. An `Idempotency-Key` is ignored here: the answers that are kept for one go as well.
#[utoipa::path(
    delete, path = "/api/v1/account", operation_id = "erase_account", tag = "accounts",
    security(("session" = [], "xsrf" = [])), params(VersionHeader), request_body = EraseAccount,
    responses(
        (status = 200, description = "Erased", body = Erasure, headers(
            ("Set-Cookie" = String, description = "Empty ones"),
            ("Stage-Position" = i64, description = "Of the event that tells of it"),
        )),
        (status = 202, description = "Erased; some stages or files still are there and go soon", body = Erasure, headers(
            ("Set-Cookie" = String, description = "Empty ones"),
            ("Stage-Position" = i64, description = "Of the event that tells of it"),
        )),
        EraseRefusals,
    ),
)]
pub(crate) async fn erase(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<extract::Json<EraseAccount>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let extract::Json(EraseAccount { password }) = ask.payload;
    let request = Request { idempotency: None, ..ask.request };
    let erasure = app.commands.erase_account(session.actor, password, request, &clock::now).await?;
    let status = match erasure.finished_at {
        Some(_) => StatusCode::OK,
        None => StatusCode::ACCEPTED,
    };
    let position = [(POSITION, erasure.position.to_string())];
    let mut response = (status, position, Json(Erasure::from(erasure))).into_response();
    cookies::end(response.headers_mut(), app.settings.secure_cookies);
    Ok(response)
}
