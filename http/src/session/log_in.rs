use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use stage_commands::Request;
use utoipa::ToSchema;

use super::{cookies, read::SessionInfo};
use crate::{
    app::Shared,
    clock,
    contract::{responses::LogInRefusals, text},
    extract::{self, Ask, ClientAddress, OwnOrigin, Session, xsrf_token},
    problem::Problem,
};

/// What a person logs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogIn)]
pub(crate) struct LogIn {
    #[schema(schema_with = text::any_email)]
    email: String,
    #[schema(schema_with = text::password)]
    #[serde(deserialize_with = "crate::accounts::secret")]
    password: SecretString,
    /// Of the authenticator app, or a recovery code; asked for where the second factor is on.
    #[schema(schema_with = text::code_or_null, required = false)]
    #[serde(default, deserialize_with = "crate::accounts::secret_or_none")]
    code: Option<SecretString>,
}

/// Log in
///
/// Begins a session and sets the cookies `__Host-session`, `XSRF-TOKEN` and, where it is known, `language`.
/// Where the second factor is on, a right password without a code is answered with `second-factor-required`.
/// An `Idempotency-Key` is ignored here: the answer holds a secret that is not kept.
#[utoipa::path(
    post, path = "/api/v1/session", operation_id = "log_in", tag = "sessions",
    request_body = LogIn,
    responses(
        (status = 201, description = "Logged in", body = SessionInfo, headers(
            ("Set-Cookie" = String, description = "The session and its XSRF token"),
            ("Location" = String, description = "`/api/v1/session`"),
            ("Stage-Position" = i64, description = "Of the event that tells of the log-in"),
        )),
        LogInRefusals,
    ),
)]
pub(crate) async fn log_in(
    State(app): State<Shared>,
    _: OwnOrigin,
    ClientAddress(client): ClientAddress,
    ask: Ask<extract::Json<LogIn>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let extract::Json(LogIn { email, password, code }) = ask.payload;
    let request = Request { expected: None, idempotency: None, ..ask.request };
    let begun = app.commands.log_in_with(&email, password, code.as_ref(), clock::secret(), request).await?;
    let secure = app.settings.secure_cookies;
    let session = Session { actor: begun.actor, xsrf_token: xsrf_token(&begun.token) };
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    cookies::begin(headers, secure, &begun.token, &session.xsrf_token);
    if let Some(language) = begun.language {
        cookies::language(headers, secure, language);
    }
    headers.insert(header::LOCATION, HeaderValue::from_static("/api/v1/session"));
    headers.insert("stage-position", HeaderValue::from(begun.done.position));
    let headers = std::mem::take(headers);
    Ok((StatusCode::CREATED, headers, Json(SessionInfo::from(session))).into_response())
}
