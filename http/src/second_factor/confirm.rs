use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::POSITION,
    app::Shared,
    clock,
    contract::{responses::PasswordRefusals, text},
    extract::{self, Ask, ClientAddress, Session},
    problem::Problem,
};

/// What the authenticator app shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmSecondFactor {
    #[schema(schema_with = text::code)]
    #[serde(deserialize_with = "crate::accounts::secret")]
    code: SecretString,
}

/// For when the app is lost. Shown once, and each counts once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    pub(super) fn of(codes: &[SecretString]) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose_secret().to_owned()).collect() }
    }
}

/// Turn the second factor on
///
/// From now on a log-in asks for a code. An `Idempotency-Key` is ignored here: the answer holds secrets that are not kept.
#[utoipa::path(
    post, path = "/api/v1/account/second-factor/confirmation", operation_id = "confirm_second_factor",
    tag = "accounts", security(("session" = [], "xsrf" = [])),
    request_body = ConfirmSecondFactor,
    responses(
        (status = 200, description = "It is on", body = RecoveryCodes,
            headers(("Stage-Position" = i64, description = "Wait for this position to read what was written"))),
        PasswordRefusals,
    ),
)]
pub(crate) async fn confirm(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<extract::Json<ConfirmSecondFactor>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let extract::Json(ConfirmSecondFactor { code }) = ask.payload;
    let fresh = clock::many();
    let on = app.commands.confirm_second_factor(session.actor, &code, fresh, ask.request).await?;
    let position = [(POSITION, on.done.position.to_string())];
    Ok((position, Json(RecoveryCodes::of(&on.recovery_codes))).into_response())
}
