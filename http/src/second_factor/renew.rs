use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::confirm::RecoveryCodes;
use crate::{
    answer::POSITION,
    app::Shared,
    clock,
    contract::{responses::PasswordRefusals, text},
    extract::{self, Ask, ClientAddress, Session},
    problem::Problem,
};

/// Recovery codes are renewed by whoever knows the password and has the app, or a recovery code that is left.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenewRecoveryCodes {
    #[schema(schema_with = text::password)]
    #[serde(deserialize_with = "crate::accounts::secret")]
    password: SecretString,
    #[schema(schema_with = text::code)]
    #[serde(deserialize_with = "crate::accounts::secret")]
    code: SecretString,
}

/// Renew the recovery codes
///
/// Gives ten others; those of before count no more. The second factor stays on, with the app as it is. An `Idempotency-Key`
/// is ignored here: the answer holds secrets that are not kept.
#[utoipa::path(
    post, path = "/api/v1/account/second-factor/recovery-codes", operation_id = "renew_recovery_codes",
    tag = "accounts", security(("session" = [], "xsrf" = [])),
    request_body = RenewRecoveryCodes,
    responses(
        (status = 200, description = "The new ones", body = RecoveryCodes,
            headers(("Stage-Position" = i64, description = "Wait for this position to read what was written"))),
        PasswordRefusals,
    ),
)]
pub(crate) async fn renew(
    State(app): State<Shared>,
    session: Session,
    ClientAddress(client): ClientAddress,
    ask: Ask<extract::Json<RenewRecoveryCodes>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let extract::Json(RenewRecoveryCodes { password, code }) = ask.payload;
    let (actor, fresh) = (session.actor, clock::many());
    let renewed = app.commands.renew_recovery_codes(actor, password, &code, fresh, ask.request).await?;
    let position = [(POSITION, renewed.done.position.to_string())];
    Ok((position, Json(RecoveryCodes::of(&renewed.recovery_codes))).into_response())
}
