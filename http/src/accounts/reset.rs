use axum::{extract::State, response::Response};
use secrecy::SecretString;
use serde::Deserialize;
use stage_commands::Request;
use utoipa::ToSchema;

use crate::{
    answer::Receipt,
    app::Shared,
    contract::{
        params::NewHeaders,
        responses::{Changed, LinkRefusals},
        text,
    },
    extract::{Ask, ClientAddress, Json, OwnOrigin},
    problem::Problem,
};

/// What the link in the mail holds, and the password to come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResetPassword)]
pub(crate) struct ResetPassword {
    #[schema(schema_with = text::token)]
    #[serde(deserialize_with = "super::secret")]
    token: SecretString,
    #[schema(schema_with = text::new_password)]
    #[serde(deserialize_with = "super::secret")]
    password: SecretString,
}

/// Choose a new password
///
/// For whoever followed the link in the mail: the token is what stands behind `#` in it. All sessions of the account
/// end, and the token holds for no second time.
#[utoipa::path(
    post, path = "/api/v1/password-resets/completion", operation_id = "reset_password", tag = "accounts",
    params(NewHeaders), request_body = ResetPassword, responses(Changed, LinkRefusals),
)]
pub(crate) async fn reset(
    State(app): State<Shared>,
    _: OwnOrigin,
    ClientAddress(client): ClientAddress,
    ask: Ask<Json<ResetPassword>>,
) -> Result<Response, Problem> {
    app.limits.log_in.check(client)?;
    let Json(ResetPassword { token, password }) = ask.payload;
    let request = Request { expected: None, ..ask.request };
    Ok(Receipt::changed(app.commands.reset_password(&token, password, request).await?))
}
